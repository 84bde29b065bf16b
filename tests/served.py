"""A web process by itself, on a prepared data folder of its own: no worker, no monitor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from siteflow.supervisor.roles import web
from tests.stack import ROOT, Client, Stack

READY_S: Final = 60.0


class Served:
    """``admin`` is logged in."""

    def __init__(self, stack: Stack, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.stack, self.log, self.process = stack, log, process
        self.admin: Client

    @property
    def cookies(self) -> str:
        jar = self.admin.session.cookies
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)

    def socket(self, path: str = "/api/ws", **given: Any) -> ClientConnection:
        address = self.stack.url.replace("http", "ws") + path
        own = {"additional_headers": {"Cookie": self.cookies}, "origin": Origin(self.stack.url)}
        options: dict[str, Any] = {**own, **given}
        opened: ClientConnection = connect(address, **options)
        return opened

    def said(self) -> str:
        """What it has written to its log."""
        return self.log.read_text(errors="replace")


def by_daphne(port: int) -> list[str]:
    """As the supervisor starts it, with an address that tells what is left behind."""
    argv = web(host="127.0.0.1", port=port).argv
    return [*argv[:-1], "tests.siteflow.broken_app:application"]


@contextmanager
def served(
    folder: Path, argv_of: Callable[[int], list[str]] = by_daphne, **variables: str
) -> Iterator[Served]:
    stack = Stack(folder, {"DATABASE_URL": "", "REDIS_URL": "", **variables})
    stack.manage("prepare")
    log = folder / "web.log"
    environment = {**stack.environment, "DJANGO_SETTINGS_MODULE": "siteflow.settings"}
    with log.open("wb") as to:
        process = subprocess.Popen(
            argv_of(stack.port), cwd=ROOT, env=environment, stdout=to, stderr=to
        )
    found = Served(stack, log, process)
    try:
        _wait_until_it_answers(found)
        found.admin = stack.client()
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(found: Served) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            return requests.get(f"{found.stack.url}/api/health/live", timeout=5).close()
        except requests.RequestException:
            time.sleep(0.05)  # until it listens
    raise TimeoutError(found.said()[-3000:])
