"""Lets one socket in, once: for browsers on other origins, which cannot send a header."""

from __future__ import annotations

from django.db import models

from siteflow.accounts.models.login import Login
from siteflow.accounts.models.token import ApiToken


class Ticket(models.Model):
    """Belongs to the login or to the token that asked for it."""

    digest = models.CharField(max_length=64, primary_key=True, editable=False)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, null=True)
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"ticket until {self.expires_at}"
