"""The command line that `docs/settings.md` gives for serving the console by uvicorn."""

from __future__ import annotations

import sys

from siteflow.supervisor.roles import MAX_FRAME_BYTES

OPTIONS = [
    "--no-proxy-headers", "--no-server-header", "--no-access-log", "--log-level", "warning",
    "--ws-max-size", str(MAX_FRAME_BYTES), "--ws-per-message-deflate", "false",
]  # fmt: skip


def uvicorn(port: int) -> list[str]:
    argv = [sys.executable, "-m", "uvicorn", "--port", str(port), *OPTIONS]
    return [*argv, "siteflow.asgi:application"]
