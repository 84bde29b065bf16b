"""How allauth fits in: our limits instead of its own, our addresses, our encryption."""

from __future__ import annotations

import time
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from audit.actor import address_of
from siteflow.accounts.holds import is_as_checked
from sites.encryption import decrypt, encrypt

FRESH_S: Final = 300  # a password given this recently need not be given again


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": (
            "User name and password do not match. Both tell upper case from lower case."
        ),
        "incorrect_password": "This is not your password.",
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counted by our backend, which nobody gets past."""

    def get_login_stages(self) -> list[str]:
        return [*super().get_login_stages(), "siteflow.accounts.stages.StillTheSame"]

    @transaction.atomic
    def login(self, request: HttpRequest, user: User) -> None:
        if not is_as_checked(user):
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        super().login(request, user)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or ""

    def is_ajax(self, request: HttpRequest) -> bool:
        """Only the page that asks for a passkey has an answer for scripts."""
        return request.path == reverse("mfa_login_webauthn") and bool(super().is_ajax(request))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A passkey of a disabled account; a password gets the answer of a wrong one."""
        return HttpResponseRedirect(reverse("account_login"))

    def is_reauthentication_required(self, *, app: str, **given: Any) -> bool:
        request = context.request
        last = [one["at"] for one in get_authentication_records(request, request.user)]
        return not last or time.time() - max(last) > FRESH_S


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, or was used before. Wait for the next one.",
    }

    def get_totp_issuer(self) -> str:
        return "SiteFlow"

    def _get_site_name(self) -> str:
        return "SiteFlow"

    def encrypt(self, text: str) -> str:
        return encrypt(text, context="mfa_authenticator:data")

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, context="mfa_authenticator:data")
