from __future__ import annotations

from django.db import models


class Proxy(models.Model):
    """The Caddy of one host. Its vhosts come from the rows of domains."""

    host = models.OneToOneField("sites.Host", on_delete=models.CASCADE, related_name="proxy")
    container = models.CharField(max_length=128, default="caddy")  # empty: a service of the host
    network = models.CharField(max_length=128, default="siteflow_proxy")  # shared with the sites
    admin_port = models.PositiveIntegerField(default=2019)  # on the host's 127.0.0.1
    http_port = models.PositiveIntegerField(default=80)
    https_port = models.PositiveIntegerField(default=443)
    # Of our part of the configuration as it was last loaded: another on the host is a hand edit.
    loaded_hash = models.CharField(max_length=64, blank=True)
    loaded_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"proxy of {self.host}"

    @property
    def is_service(self) -> bool:
        """It is a program of the host itself, which reaches containers by their addresses."""
        return not self.container
