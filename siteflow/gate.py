"""Outermost in the web process: looks at a request before anything of it is read or believed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings

from audit.address import is_trusted
from siteflow.parcels import PLAIN_SEND

MAX_BODY_BYTES: Final = 1_000_000
MAX_ADDRESS_BYTES: Final = 8_000
_FORWARDED: Final = (b"forwarded", b"x-forwarded", b"x-real-ip")
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Gate:
    """Forwarding headers of strangers are taken out; what is oversized or malformed is marked.

    ``scope["siteflow.refused"]`` is the status to refuse it with: `refusals.one_shape` answers, so
    that the answer has its id, its headers and the one shape.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": believed(scope)}
            if status := _refused(scope):
                scope["siteflow.refused"] = status
                # Django parses it before our middleware can answer.
                scope.update(path="/api/" if _is_api(scope) else "/", query_string=b"")
                receive = _nothing_of(receive)
            else:
                receive = _Bounded(scope, receive)
        elif scope["type"] == "websocket":
            scope = {**scope, "headers": believed(scope), PLAIN_SEND: send}
        await self._application(scope, receive, send)


def believed(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The headers, without X-Forwarded-* and the like unless a trusted proxy sent them."""
    peer = (scope.get("client") or ("",))[0]
    headers = list(scope.get("headers", ()))
    if is_trusted(peer, settings.TRUSTED_PROXIES):
        return headers
    return [(name, value) for name, value in headers if not name.lower().startswith(_FORWARDED)]


def _refused(scope: dict[str, Any]) -> int:
    """The status to refuse with, from what is known before the body; 0 when all is well."""
    query = scope.get("query_string", b"")
    if len(scope["path"]) + len(query) > MAX_ADDRESS_BYTES:
        return 414
    if "\0" in scope["path"] or b"%00" in query or not query.isascii():
        return 400  # no address of ours has them, and PostgreSQL stores none
    return 413 if _announced(scope) > MAX_BODY_BYTES else 0


def _is_api(scope: dict[str, Any]) -> bool:
    return bool(scope["path"].startswith("/api/"))


def _announced(scope: dict[str, Any]) -> int:
    lengths = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    # Python reads no number of thousands of digits; any this long is too large in any case.
    return max((int(value[:18]) for value in lengths if value.isdigit()), default=0)


class _Bounded:
    """The request's body, up to the limit; beyond it the request is refused and nothing kept."""

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self._scope, self._receive, self._bytes = scope, receive, 0

    async def __call__(self) -> dict[str, Any]:
        if "siteflow.refused" in self._scope:
            return await _until_gone(self._receive)
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes <= MAX_BODY_BYTES:
            return message
        self._scope["siteflow.refused"] = 413
        return {"type": "http.request", "body": b"", "more_body": False}


def _nothing_of(receive: Receive) -> Receive:
    """An empty body, whatever was sent."""
    told = False

    async def empty() -> dict[str, Any]:
        nonlocal told
        if told:
            return await _until_gone(receive)
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return empty


async def _until_gone(receive: Receive) -> dict[str, Any]:
    while (message := await receive())["type"] != "http.disconnect":
        pass
    return message
