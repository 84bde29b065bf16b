"""A command in memory that answers each line it gets; by default as the sampler would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError

Program = Callable[[bytes], bytes]
_HOST: Final = "l 0.1 0.2 0.3\np 2 1 0 1 98 0 0 0 0\nm 4000000 3000000 0 0\nn 0 0\n"


def fake_sample(containers: Iterable[ContainerState], *, uptime_s: float, version: int = 2) -> str:
    """An idle host and its running containers, as sampler_script.py prints them."""
    running = [each.docker_id for each in containers if each.state == "running"]
    lines = "".join(f"c {docker_id} 1 0 4096 0 max 0 0 0 0 1\n" for docker_id in running)
    return f"t {version} {uptime_s:.2f}\n{_HOST}{lines}. 0\n"


class FakeProgram:
    """ByteStream whose other side is a function from what was sent to what is answered."""

    def __init__(self, program: Program, *, who: str) -> None:
        self.used_at = time.monotonic()
        self.closed = False
        self._program = program
        self._who = who
        self._answer = b""
        self._more = threading.Condition()

    def send(self, data: bytes) -> None:
        if self.closed:
            raise DriverError(f"{self._who}: the connection to the command broke", "link_lost")
        answer = self._program(data)
        with self._more:
            self._answer += answer
            self._more.notify_all()

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        with self._more:
            if not self._more.wait_for(lambda: self._answer or self.closed, timeout_s):
                raise TimeoutError
            data, self._answer = self._answer[:size], self._answer[size:]
            return data

    def fresh(self) -> bool:
        return not self.closed

    def answers(self, *, timeout_s: float = 4.0) -> bool:
        return not self.closed

    def ending(self) -> DriverError | None:
        return None

    def close(self) -> None:
        with self._more:
            self.closed = True
            self._more.notify_all()
