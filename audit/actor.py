"""Who acts: a person, a command on the machine, or SiteFlow itself."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from audit.address import client_address
from audit.models import Source

if TYPE_CHECKING:
    from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """Where a request came from: the nearest address that is no proxy of ours."""
    return client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted_proxies=settings.TRUSTED_PROXIES,
    )


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Kept by value: it is copied into entries and operations and outlives the user's row."""

    user_id: int | None = None
    name: str = ""
    source: str = Source.SYSTEM
    remote_addr: str | None = None
    user_agent: str = ""
    request_id: str = ""
    scopes: frozenset[str] | None = None  # what a token narrows the account's rights to

    @classmethod
    def of_request(cls, request: HttpRequest, source: str) -> Actor:
        """Who sent a request; the name is empty when nobody is logged in."""
        user = getattr(request, "user", None)
        return cls(
            user_id=getattr(user, "pk", None),
            name=user.get_username() if user is not None else "",
            source=source,
            remote_addr=address_of(request),
            user_agent=request.META.get("HTTP_USER_AGENT", ""),
            request_id=getattr(request, "request_id", ""),
            scopes=getattr(user, "scopes", None),
        )

    @classmethod
    def of_scope(cls, scope: dict[str, Any], source: str = Source.WS) -> Actor:
        """Who holds a socket: the same, read from an ASGI connection scope."""
        user = scope.get("user")
        return cls(
            user_id=getattr(user, "pk", None),
            name=user.get_username() if user is not None else "",
            source=source,
            remote_addr=client_address(
                peer=(scope.get("client") or (None,))[0],
                forwarded_for=_header(scope.get("headers", ()), b"x-forwarded-for"),
                trusted_proxies=settings.TRUSTED_PROXIES,
            ),
            user_agent=_header(scope.get("headers", ()), b"user-agent"),
            request_id=scope.get("request_id", ""),
            scopes=getattr(user, "scopes", None),
        )

    @classmethod
    def of_command(cls) -> Actor:
        """The operating-system user at the command line, and who they were before sudo."""
        sudo_user = os.environ.get("SUDO_USER", "")
        noted = f" (sudo: {sudo_user})" if sudo_user else ""
        return cls(name=f"os:{_login_name()}{noted}", source=Source.COMMAND)

    @classmethod
    def system(cls, name: str) -> Actor:
        """SiteFlow acting by itself; `name` says which part, such as "sweep" or "schedule"."""
        return cls(name=name, source=Source.SYSTEM)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key.lower() == name)


def _login_name() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container often runs with a number that has no name
        return str(uid)
