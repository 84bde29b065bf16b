from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from sites.rights import Viewer, reach


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: Viewer) -> SiteQuerySet:
        return self.open_to(user, "sites.view_site")

    def open_to(self, user: Viewer, permission: str) -> SiteQuerySet:
        """Those that an account holds this permission for."""
        return self.filter(reach(user, permission).within(host="host_id", site="pk"))


class Site(models.Model):
    """A compose project on one host. Unmanaged: found by its labels, not made by SiteFlow."""

    class Stage(models.TextChoices):
        DRAFT = "draft", "not provisioned"
        PROVISIONING = "provisioning", "being provisioned"
        LIVE = "live", "live"

    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="sites")
    project = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    managed = models.BooleanField(default=False)
    # Of a managed site, the folder below the host's sites_root: /srv/<tenant>/<name>.
    working_dir = models.CharField(max_length=4096, blank=True)
    config_files = models.TextField(blank=True)
    tags = models.ManyToManyField("sites.Tag", blank=True, related_name="sites")
    found_at = models.DateTimeField(auto_now_add=True)

    tenant = models.CharField(
        max_length=40,
        blank=True,
        validators=[RegexValidator(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z", "Use a–z, 0–9, hyphens.")],
    )
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.LIVE)
    environment = models.CharField(max_length=20, blank=True)  # production, staging, …
    template = models.CharField(max_length=60, blank=True)  # a site template's id
    template_version = models.PositiveIntegerField(null=True)
    params = models.JSONField(default=dict)  # the template's, none of them secret
    # Grows with each change of what is wanted: who edits sees that somebody else was faster.
    revision = models.PositiveIntegerField(default=1)

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ("view",)
        permissions = [
            ("operate_site", "Can release, roll back and sync the proxy of sites"),
            ("manage_site", "Can provision, adopt, disown and deprovision sites"),
            ("reveal_site", "Can read the secrets of sites"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["host", "project"], name="site_project_once_per_host")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.pk
