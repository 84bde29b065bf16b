"""The sampler of one host: kept running in one channel, asked for each sample."""

from __future__ import annotations

from collections import deque

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.sampler_parse import Sample, SampleReader
from provisioning.drivers.sampler_script import LOOK, TICK, sampler_argv

_MAX_ANSWER_BYTES = 4 * 1024 * 1024


class Sampler:
    """Ask it in one thread; ``close`` may be called from any other, and ends the program."""

    def __init__(self, host: HostDriver, *, timeout_s: float, root: str = "") -> None:
        self._who = host.name
        self._timeout_s = timeout_s
        self._reader = SampleReader()
        self._ready: deque[Sample | None] = deque()
        self._stream: ByteStream = host.stream(sampler_argv(root), timeout_s=timeout_s)

    def sample(self, *, look: bool = False) -> Sample | None:
        """What is used now; with ``look`` containers that came meanwhile are found first.

        None when it could not be read this time: a cgroup may go while it is read, and a host
        without awk never answers better. DriverError: ``timeout``, ``link_lost``, ``garbage``.
        """
        self._stream.send(LOOK if look else TICK)
        deadline, got = Deadline(self._timeout_s), 0
        while not self._ready:
            data = self._receive(deadline)
            got += len(data)
            self._ready.extend(self._reader.feed(data))
            if not self._ready and got > _MAX_ANSWER_BYTES:
                raise self._garbage()
        return self._ready.popleft()

    def _receive(self, deadline: Deadline) -> bytes:
        try:
            data = self._stream.recv(65536, timeout_s=deadline.left())
        except TimeoutError:
            raise DriverError(f"{self._who}: the sampler does not answer", "timeout") from None
        if not data:
            raise self._stream.ending() or self._ended()
        return data

    def _garbage(self) -> DriverError:
        return DriverError(f"{self._who}: what the sampler says cannot be read", "garbage")

    def _ended(self) -> DriverError:
        return DriverError(f"{self._who}: the sampler ended", "link_lost")

    def close(self) -> None:
        self._stream.close()
