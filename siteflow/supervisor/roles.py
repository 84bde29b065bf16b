"""The processes of SiteFlow, as command lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
PING_INTERVAL_S: Final = 20
MAX_FRAME_BYTES: Final = 64 * 1024  # of a client's frame or message; larger ones close the socket


@dataclass(frozen=True)
class Role:
    """One process to keep running. After SIGTERM it has ``grace_s`` to end by itself."""

    name: str
    argv: tuple[str, ...]
    grace_s: float = 5.0
    cwd: Path = PROJECT
    environment: Mapping[str, str] = field(default_factory=dict)


def web(*, host: str, port: int) -> Role:
    """daphne. Never with --proxy-headers: that would believe anybody's X-Forwarded-For."""
    argv = [sys.executable, "-m", "siteflow.web", "--verbosity", "0", "--no-server-name"]
    argv += ["--bind", host, "--port", str(port)]
    argv += ["--ping-interval", str(PING_INTERVAL_S), "--ping-timeout", "30"]
    limit = str(MAX_FRAME_BYTES)
    argv += ["--websocket-max-frame-size", limit, "--websocket-max-message-size", limit]
    argv += ["--application-close-timeout", "5", "siteflow.asgi:application"]
    return Role("web", tuple(argv))


def worker(*, grace_s: float) -> Role:
    return Role("worker", (sys.executable, "manage.py", "qcluster"), grace_s=grace_s)


def monitor() -> Role:
    return Role("monitor", (sys.executable, "manage.py", "monitor"))
