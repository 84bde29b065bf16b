from __future__ import annotations

import idna
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from sites.rights import Viewer, reach


class DomainQuerySet(models.QuerySet["Domain"]):
    def visible_to(self, user: Viewer) -> DomainQuerySet:
        within = reach(user, "sites.view_site").within(host="host_id", site="site_id")
        return self.filter(within)


class Domain(models.Model):
    """A name under which a site answers, and how the host's proxy serves it."""

    class Kind(models.TextChoices):
        PRIMARY = "primary"
        ALIAS = "alias"  # serves the same
        REDIRECT = "redirect"  # sends to the primary name

    class Tls(models.TextChoices):
        ACME = "acme", "public certificate"
        INTERNAL = "internal", "certificate of the proxy's own authority"
        OFF = "off", "plain http"

    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="domains")
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253)  # lower case, IDNA, no dot at the end
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PRIMARY)
    tls = models.CharField(max_length=8, choices=Tls, default=Tls.ACME)
    service = models.CharField(max_length=63, blank=True)  # empty: the template's web service
    port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65_535)]
    )  # None: as detected from the container
    # [{"path": "/api/", "service": "backend", "port": 8090}], the longest path first.
    routes = models.JSONField(default=list)
    basic_auth = models.JSONField(default=dict)  # user → bcrypt hash
    access_log = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["host", "name"], name="domain_once_per_host"),
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(kind="primary"), name="domain_one_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown(self) -> str:
        """As people read it, where it has letters beyond ASCII."""
        try:
            return idna.decode(self.name)
        except (idna.IDNAError, UnicodeError):
            return self.name

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.site_id
