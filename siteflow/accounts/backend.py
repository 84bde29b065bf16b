"""The one place where a password is looked at, whoever asks: console, API, reauthentication."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from siteflow.accounts.devices import device_of
from siteflow.accounts.throttle import attempt


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Unknown, disabled and wrong are the same answer, at the same cost."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Raises Throttled before anything is looked at."""
        name = str(credentials.get("username") or "")
        if not name or not credentials.get("password"):
            return None
        counted = attempt(request, what="password", name=name, device=device_of(request, name))
        user: User | None = super().authenticate(request, **credentials)
        self.unstash_authenticated_user()  # a disabled account, which allauth would tell about
        if user is None:
            return None
        counted.succeeded()
        return user

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """None: rights come from roles alone, where a token's ceiling is looked at as well."""
        return set()

    def get_user(self, user_id: int) -> User | None:
        """With the profile, which every request asks for."""
        user = User._default_manager.select_related("profile").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
