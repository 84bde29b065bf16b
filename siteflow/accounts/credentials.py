"""What lets somebody in, kept for as long as a socket is open and looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from siteflow.accounts import access, tokens
from siteflow.accounts.holds import hold_of
from siteflow.accounts.models import ApiToken, Login
from siteflow.accounts.session_store import SessionStore


@dataclass(frozen=True)
class Credential:
    """A browser's session, a program's login or an API token, by the key of its row."""

    kind: str  # session, login or token
    key: str

    def account(self) -> User | None:
        """Whose it is, read anew; None when it ended or the account may not come in."""
        user = _READERS[self.kind](self.key)
        if user is None or not user.is_active or hold_of(user) is not None:
            return None
        return user


def of_bearer(text: str, *, address: str | None) -> tuple[Credential, User]:
    """What an ``Authorization: Bearer`` header stands for. Raises TokenRefused."""
    if text.startswith(tokens.BEGINS_WITH):
        token = tokens.read(text, address=address)
        return Credential("token", str(token.pk)), _under_ceiling(token)
    login = access.login_of(text)
    return Credential("login", str(login.pk)), login.user


def _of_session(key: str) -> User | None:
    request = HttpRequest()
    # An ended session reads as an empty one. A changed password ends sessions, too.
    request.session = SessionStore.reading(key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def _of_login(key: str) -> User | None:
    rows = Login.objects.open(now=timezone.now()).select_related("user__profile")
    login = rows.filter(pk=key).first()
    return login.user if login else None


def _of_token(key: str) -> User | None:
    rows = ApiToken.objects.valid(now=timezone.now()).select_related("user__profile")
    token = rows.filter(pk=key).first()
    return _under_ceiling(token) if token else None


def _under_ceiling(token: ApiToken) -> User:
    user = token.user
    user.scopes = frozenset(token.scopes)  # type: ignore[attr-defined]
    return user


_READERS = {"session": _of_session, "login": _of_login, "token": _of_token}
