"""The servers that are compared, their clients and the publisher, each a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from siteflow.supervisor.roles import web
from tests.databases import free_port
from tests.stack import Client
from tests.uvicorn import uvicorn

__all__ = ["Field", "Heard", "Side", "daphne", "daphne_plain", "round_of", "uvicorn"]

ROOT: Final = Path(__file__).resolve().parents[3]
READY_S: Final = 60.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
PLAIN: Final = "tests.benchmarks.fanout.plain:application"


def daphne_plain(port: int) -> list[str]:
    return [sys.executable, "-m", "daphne", "--verbosity", "0", "--port", str(port), PLAIN]


def daphne(port: int) -> list[str]:
    return list(web(host="127.0.0.1", port=port).argv)


class Talker:
    """A process that is told a line and answers with one."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"{self.process.args!r} ended")
        return line.strip()


@dataclass
class Side:
    """A server with its clients. ``way`` is how it is published for."""

    name: str
    way: str
    server: subprocess.Popen[bytes]
    clients: list[Talker] = field(default_factory=list)
    sockets: int = 0
    next_number: int = 0

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True)
class Heard:
    """What came of one round. Times in milliseconds from publishing to a client's reading."""

    came: int
    unordered: int
    latencies_ms: Sequence[float]
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """The server's CPU for one delivery."""
        return 1e6 * self.cpu_s / max(1, self.came)


def round_of(side: Side, publisher: Talker, *, count: int, rate: float) -> Heard:
    """Publishes ``count`` messages and waits for what every client makes of them."""
    before = side.cpu_s()
    for talker in side.clients:
        talker.tell(str(count))
        assert talker.hear() == "listening"
    order = {"way": side.way, "first": side.next_number, "count": count, "rate": rate}
    publisher.tell(json.dumps(order))
    side.next_number += count
    assert publisher.hear() == "done"
    found = [json.loads(talker.hear()) for talker in side.clients]
    return Heard(
        came=sum(one["came"] for one in found),
        unordered=sum(one["unordered"] for one in found),
        latencies_ms=[late for one in found for late in one["latencies_ms"]],
        cpu_s=side.cpu_s() - before,
    )


class Field:
    """Starts what is compared, on one data folder, and ends it all."""

    def __init__(self, environment: Mapping[str, str], until: ExitStack) -> None:
        self._environment = dict(environment)
        self._until = until

    def publisher(self) -> Talker:
        return self._talker("tests.benchmarks.fanout.publisher")

    def side(self, name: str, argv_of: Any, *, way: str, sockets: int, processes: int = 1) -> Side:
        port = free_port()
        server = self._until.enter_context(_ended(
            subprocess.Popen(argv_of(port), cwd=ROOT, env=self._environment)
        ))  # fmt: skip
        _wait_until_it_answers(port)
        made = Side(name, way, server, sockets=sockets)
        cookie, path, topic = "", "/", ""
        if way == "ours":
            visitor = Client(f"http://127.0.0.1:{port}", "admin", "bench")
            cookie = f"sessionid={visitor.session.cookies['sessionid']}"
            path, topic = "/api/ws", "containers"
        for _ in range(processes):
            arguments = [str(port), path, str(sockets // processes), cookie, topic]
            made.clients.append(self._talker("tests.benchmarks.fanout.clients", *arguments))
        for talker in made.clients:
            assert talker.hear() == "ready"
        return made

    def _talker(self, module: str, *arguments: str) -> Talker:
        made = Talker(module, *arguments, environment=self._environment)
        self._until.enter_context(_ended(made.process))
        return made


@contextmanager
def _ended(process: subprocess.Popen[Any]) -> Iterator[subprocess.Popen[Any]]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.1)  # until it listens
    raise TimeoutError(f"nobody answers on port {port}")
