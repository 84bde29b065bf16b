"""Caddy's admin API (https://caddyserver.com/docs/api): the whole configuration, read and replaced.

``/config/`` and not ``/load``: only it knows If-Match, so that nobody overwrites what another has
loaded since it was read. Caddy prepares a new configuration completely before it lets go of the
old one: whatever it refuses has no effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from provisioning.drivers.caddy_vhost import Json
from provisioning.drivers.errors import DriverError

MAX_CONFIG_BYTES: Final = 20_000_000
_MAX_REASON: Final = 500
_PATH: Final = "/config/"


class Answer(Protocol):
    """Of one request. Names of headers are in lower case."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Send(Protocol):
    """One request to the admin API of one host. Raises DriverError when there is no answer."""

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration that Caddy runs, and the tag by which it is known again."""

    config: Json
    etag: str


class Admin:
    """``host`` is named in errors. ``origin`` is what Caddy wants to hear from who may ask."""

    def __init__(self, send: Send, *, host: str, origin: str = "") -> None:
        self._send = send
        self._host = host
        self._origin = {"Origin": origin} if origin else {}

    def read(self) -> Loaded:
        answer = self._send("GET", _PATH, headers=self._origin)
        if answer.status != 200:
            raise self._error(answer, "does not tell its configuration")
        config = self._json(answer.body)
        if config is not None and not isinstance(config, dict):
            raise DriverError(f"{self._host}: the proxy's configuration is no object.", "garbage")
        return Loaded(config or {}, answer.headers.get("etag", ""))

    def replace(self, config: Json, *, etag: str, force: bool = False) -> None:
        """``force`` loads anew even what is the same.

        DriverError ``proxy_refused`` with Caddy's own reason, ``proxy_changed`` when the tag no
        longer fits; the old configuration goes on in both cases.
        """
        headers = {**self._origin, "Content-Type": "application/json", "If-Match": etag}
        headers |= {"Cache-Control": "must-revalidate"} if force else {}
        body = json.dumps(config, ensure_ascii=False).encode()
        answer = self._send("POST", _PATH, headers=headers, body=body)
        if answer.status == 412:
            raise DriverError(
                f"{self._host}: somebody else changed the proxy's configuration meanwhile.",
                "proxy_changed",
            )
        if answer.status != 200:
            raise self._error(answer, "does not take this configuration")

    def _error(self, answer: Answer, words: str) -> DriverError:
        reason = self._reason(answer)
        if answer.status == 403:
            return DriverError(
                f"{self._host}: the proxy does not let us in: {reason}", "proxy_denied"
            )
        else:
            code = "proxy_refused" if answer.status in (400, 500) else "proxy_down"
        return DriverError(f"{self._host}: the proxy {words}: {reason}", code)

    def _reason(self, answer: Answer) -> str:
        try:
            told = self._json(answer.body)
        except DriverError:
            told = None
        words = told.get("error") if isinstance(told, dict) else ""
        return str(words or f"HTTP {answer.status}")[:_MAX_REASON]

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body or b"null")
        except (ValueError, RecursionError):
            raise DriverError(
                f"{self._host}: what the proxy says is no JSON; something else may answer there.",
                "garbage",
            ) from None
