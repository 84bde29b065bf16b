from __future__ import annotations

from django.db import models

from sites.rights import Viewer, may_somewhere


class SiteTemplateQuerySet(models.QuerySet["SiteTemplate"]):
    def visible_to(self, user: Viewer) -> SiteTemplateQuerySet:
        """They hold nothing secret: whoever sees any site sees them."""
        return self if may_somewhere(user, "sites.view_site") else self.none()


class SiteTemplate(models.Model):
    """A template of one's own. Those that come along are files and have no row."""

    slug = models.SlugField(max_length=60, unique=True)
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)  # deleted, but for the sites that run it

    objects = SiteTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        default_permissions = ()
        permissions = [("manage_sitetemplate", "Can make, change and delete site templates")]

    def __str__(self) -> str:
        return self.slug

    @property
    def place(self) -> tuple[int | None, int | None]:
        return None, None  # of no host and no site


class TemplateVersion(models.Model):
    """One state of a template; never changed once it is saved."""

    template = models.ForeignKey(SiteTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    manifest = models.JSONField(default=dict)  # see site_templates/shape.py
    files = models.JSONField(default=dict)  # path → text
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.number}"
