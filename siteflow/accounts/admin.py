"""allauth's own pages of accounts are taken out: they would show what only the owner may see."""

from __future__ import annotations

import allauth.account.admin  # noqa: F401  (registers its pages, so that they can be taken out)
import allauth.mfa.admin  # noqa: F401
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin

for model in (Authenticator, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
