"""Ways in: what is kept of an account's logins, tokens and failed attempts."""

from __future__ import annotations

from siteflow.accounts.models.attempts import Attempts
from siteflow.accounts.models.login import Login, LoginQuerySet
from siteflow.accounts.models.profile import Profile
from siteflow.accounts.models.ticket import Ticket
from siteflow.accounts.models.token import SCOPES, ApiToken, ApiTokenQuerySet

__all__ = [
    "SCOPES",
    "ApiToken",
    "ApiTokenQuerySet",
    "Attempts",
    "Login",
    "LoginQuerySet",
    "Profile",
    "Ticket",
]
