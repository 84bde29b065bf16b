from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce


class Grant(models.Model):
    """A role given to a user or a group: for everything, or for one host, site or tag.

    A role is a group that holds permissions. Foreign keys, so that a right ends with what it is
    for and never comes back with another row's number.
    """

    role = models.ForeignKey("auth.Group", on_delete=models.CASCADE, related_name="given")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )
    group = models.ForeignKey("auth.Group", on_delete=models.CASCADE, null=True, blank=True)
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, null=True, blank=True)
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, null=True, blank=True)
    tag = models.ForeignKey("sites.Tag", on_delete=models.CASCADE, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        permissions = [("manage_grant", "Can give roles and take them away")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True)
                | Q(user__isnull=True, group__isnull=False),
                name="grant_to_one",
            ),
            models.CheckConstraint(
                condition=Q(host__isnull=True, site__isnull=True)
                | Q(host__isnull=True, tag__isnull=True)
                | Q(site__isnull=True, tag__isnull=True),
                name="grant_for_one",
            ),
            models.UniqueConstraint(
                "role",
                *(Coalesce(name, 0) for name in ("user", "group", "host", "site", "tag")),
                name="grant_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on {self.place}, to {self.user or self.group}"

    @property
    def place(self) -> str:
        """What it is for, in words."""
        for kind in ("host", "site", "tag"):
            if thing := getattr(self, kind):
                return f"{kind} {thing}"
        return "everything"
