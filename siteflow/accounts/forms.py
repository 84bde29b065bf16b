"""What people type to get in. A form that is throttled says so in place of its errors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.core import context
from allauth.mfa import utils as mfa
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    generate_totp_secret,
    validate_totp_code,
)
from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from siteflow.accounts.codes import check_code
from siteflow.accounts.models import SCOPES
from siteflow.accounts.stages import begun_by_password
from siteflow.accounts.throttle import Throttled

SCOPE_WORDS: Final = {
    "read": "read: see hosts, sites, containers and operations",
    "operate": "operate: start, stop and restart containers, test hosts, restart services",
    "manage": "manage: remove containers; add, change and remove hosts; tags",
    "terminal": "terminal: open terminals in containers and on hosts, replay what was seen in them",
    "audit": "audit: read and export the audit",
    "accounts": "accounts: manage accounts and tokens",
}


class LoginForm(forms.Form):
    """allauth's steps after the password: the second factor, and then the session."""

    username = forms.CharField(max_length=150, label="User name")
    password = forms.CharField(strip=False, widget=forms.PasswordInput, max_length=4096)
    throttled: Throttled | None = None

    def __init__(self, *args: Any, request: HttpRequest, **given: Any) -> None:
        self._request = request
        super().__init__(*args, **given)

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        try:
            self._user = get_adapter().authenticate(self._request, **self.cleaned_data)
        except Throttled as error:
            self.throttled = error
            raise forms.ValidationError(error.message, code=error.code) from error
        if self._user is None:
            raise get_adapter().validation_error("username_password_mismatch")
        return self.cleaned_data

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        login = begun_by_password(self._user, redirect_url)
        typed = {"username": self.cleaned_data["username"]}
        response: HttpResponse = perform_password_login(request, typed, login)
        return response


class _Code(forms.Form):
    """Looks at the code by our own count of attempts."""

    user: User

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        found = check_code(context.request, self.user, code)
        if found is None:
            raise forms.ValidationError(
                "This code is not right, or was used before. Wait for the next one.",
                code="incorrect_code",
            )
        found.user = self.user
        self.authenticator = found
        return code


class AppForm(forms.Form):
    """Setting up an authenticator app. Until then its key waits in the session, encrypted."""

    code = forms.CharField(max_length=10)

    def __init__(self, *args: Any, user: User, **given: Any) -> None:
        super().__init__(*args, **given)
        session = context.request.session
        if not self.is_bound or SECRET_SESSION_KEY not in session:
            session[SECRET_SESSION_KEY] = mfa.encrypt(generate_totp_secret())
        self.secret: str = mfa.decrypt(session[SECRET_SESSION_KEY])

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not validate_totp_code(self.secret, code):
            raise forms.ValidationError("This is not the code of now. Is the phone's clock right?")
        return code


class CodeForm(_Code, AuthenticateForm):  # type: ignore[misc]
    """The second step of a login."""


class CodeAgainForm(_Code, ReauthenticateForm):  # type: ignore[misc]
    """Before something that concerns the account itself."""


class OwnPasswordForm(PasswordChangeForm):
    """Changing one's password; the old one is counted like a login."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)

    def clean_old_password(self) -> str:
        """Raises Throttled."""
        password: str = self.cleaned_data["old_password"]
        name = self.user.get_username()
        if authenticate(context.request, username=name, password=password) != self.user:
            raise forms.ValidationError("This is not your password.", code="password_incorrect")
        return password

    def clean_new_password1(self) -> str:
        """Compared with what was found right: to look at it here would be an uncounted guess."""
        password: str = self.cleaned_data["new_password1"]
        if password == self.cleaned_data.get("old_password"):
            raise forms.ValidationError("This is the password you have.", code="same_password")
        return password


class TokenForm(forms.Form):
    """A new API token: what for, how far, how long."""

    name = forms.CharField(max_length=100, help_text="What it is for.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, SCOPE_WORDS[scope]) for scope in SCOPES],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
        help_text="A ceiling: it never allows more than your account may do.",
    )
    days = forms.IntegerField(
        label="Days", min_value=1, max_value=3650, initial=90, required=False,
        help_text="Until it expires. Empty: never.",
    )  # fmt: skip

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None
