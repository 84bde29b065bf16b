from __future__ import annotations

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

    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="sites")
    project = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    managed = models.BooleanField(default=False)
    working_dir = models.CharField(max_length=4096, blank=True)
    config_files = models.TextField(blank=True)
    tags = models.ManyToManyField("sites.Tag", blank=True, related_name="sites")
    found_at = models.DateTimeField(auto_now_add=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["host", "project"], name="site_project_once_per_host")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.pk
