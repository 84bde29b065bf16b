"""Sockets only from our own pages: a browser sends the session's cookie to whoever opens one."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

from siteflow.accounts.sockets import offered

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class OwnOriginOnly:
    """Refuses a socket whose Origin is not the Host it came to, nor in CSRF_TRUSTED_ORIGINS.

    As Django does for forms: another port of the same machine is another origin, too. Without an
    Origin nothing is opened; programs that log in with a cookie have to send one. A ticket or
    a token in the header needs none: it takes the cookie's place.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if offered(scope)[0] != "cookie":  # no browser adds those by itself
            await self._application(scope, receive, send)
            return
        headers = dict(scope.get("headers", ()))
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        ours = is_ours(origin=origin, host=host)
        await (self._application if ours else WebsocketDenier())(scope, receive, send)


def is_ours(*, origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin.lower())
        port = str(parts.port or "")
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return False
    domain, host_port = split_domain_port(host.lower())
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    if settings.HTTPS and parts.scheme != "https":
        return False  # a page that somebody on the way could have written
    default = _DEFAULT_PORTS[parts.scheme]
    same = domain.strip("[]") == parts.hostname and (host_port or default) == (port or default)
    return same or _is_trusted(parts.scheme, parts.netloc)


def _is_trusted(scheme: str, netloc: str) -> bool:
    trusted = (urlsplit(one.lower()) for one in settings.CSRF_TRUSTED_ORIGINS)
    return any(
        one.scheme == scheme and is_same_domain(netloc, one.netloc.removeprefix("*"))
        for one in trusted
    )
