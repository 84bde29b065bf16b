from __future__ import annotations

from django.db import models


class DiskMeasure(models.Model):
    """What things of a host take on its disk, in bytes, when it was measured last.

    ``volumes`` by name, ``images`` by id, of these only what no other image shares. What the
    Engine could not tell is in neither.
    """

    host = models.OneToOneField(
        "sites.Host", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    volumes = models.JSONField(default=dict)
    images = models.JSONField(default=dict)
    measured_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"disk use of {self.host}"


class RegistryCheck(models.Model):
    """What a registry said last of an image's name. ``digest`` is empty when it could not be asked.

    Whether an image is the newest is worked out when it is read, from what the host has then.
    """

    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=512)
    digest = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["host", "name"], name="registry_check_once")]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"
