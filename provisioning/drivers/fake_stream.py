"""A command in memory that answers each line it gets; by default as the sampler would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake_pipe import FakePipe

Program = Callable[[bytes], bytes]
_HOST: Final = "l 0.1 0.2 0.3\np 2 1 0 1 98 0 0 0 0\nm 4000000 3000000 0 0\nn 0 0\n"


def fake_sample(containers: Iterable[ContainerState], *, uptime_s: float, version: int = 2) -> str:
    """An idle host and its running containers, as sampler_script.py prints them."""
    running = [each.docker_id for each in containers if each.state == "running"]
    lines = "".join(f"c {docker_id} 1 0 4096 0 max 0 0 0 0 1\n" for docker_id in running)
    return f"t {version} {uptime_s:.2f}\n{_HOST}{lines}. 0\n"


class FakeProgram(FakePipe):
    """ByteStream whose other side is a function from what was sent to what is answered."""

    def __init__(self, program: Program, *, who: str) -> None:
        super().__init__()
        self.used_at = time.monotonic()
        self._program = program
        self._who = who

    def send(self, data: bytes) -> None:
        if self.closed:
            raise DriverError(f"{self._who}: the connection to the command broke", "link_lost")
        self.show(self._program(data))

    def fresh(self) -> bool:
        return not self.closed

    def ending(self) -> DriverError | None:
        return None
