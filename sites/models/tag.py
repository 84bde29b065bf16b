from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models


class Tag(models.Model):
    """A word put on hosts and sites, such as "client-a". Roles can be given for a tag."""

    name = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z", "Use a–z, 0–9, dots and hyphens.")],
    )

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        permissions = [("manage_tag", "Can put tags on hosts and sites")]

    def __str__(self) -> str:
        return self.name
