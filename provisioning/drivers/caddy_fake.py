"""Caddy's admin API in memory, for tests without one. Refuses what a test tells it to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from provisioning.drivers.caddy_config import digest


@dataclass(frozen=True)
class FakeAnswer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class FakeCaddy:
    """A `caddy_admin.Send`. ``loads`` are the configurations it has taken, oldest first.

    ``refuse`` says why a configuration is not taken, or nothing. ``meanwhile`` is run once before
    the next request that changes something, as if somebody else was faster.
    """

    def __init__(self, config: dict[str, Any] | None = None, *, origin: str = "") -> None:
        self.config: dict[str, Any] | None = config
        self.loads: list[dict[str, Any]] = []
        self.forced = 0
        self.refuse: Callable[[dict[str, Any]], str] = lambda config: ""
        self.meanwhile: Callable[[], object] | None = None
        self._origin = origin

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> FakeAnswer:
        if self._origin and headers.get("Origin") != self._origin:
            return _error(403, "client is not allowed to access from origin")
        if path != "/config/":
            return _error(404, "not found")
        return self._told() if method == "GET" else self._change(headers, body)

    @property
    def etag(self) -> str:
        return f'"/config/ {digest(self.config)[:16]}"'

    def _told(self) -> FakeAnswer:
        return FakeAnswer(200, {"etag": self.etag}, json.dumps(self.config).encode())

    def _change(self, headers: Mapping[str, str], body: bytes) -> FakeAnswer:
        if self.meanwhile is not None:
            now, self.meanwhile = self.meanwhile, None
            now()
        if headers.get("If-Match") != self.etag:
            return _error(412, "If-Match header did not match current config hash")
        config = json.loads(body)
        if reason := self.refuse(config):
            return _error(400, reason)
        self.forced += headers.get("Cache-Control") == "must-revalidate"
        self.config = config
        self.loads.append(deepcopy(config))
        return FakeAnswer(200)


def _error(status: int, words: str) -> FakeAnswer:
    return FakeAnswer(status, {}, json.dumps({"error": words}).encode())
