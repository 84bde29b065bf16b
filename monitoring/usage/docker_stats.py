"""What Docker says containers use, where their cgroups cannot be read.

Docker takes about a second for each, so only some of many are asked each time, in turn.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from monitoring.rates import Readings
from monitoring.usage.tracker import DockerTracker
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi
from provisioning.drivers.parse_stats import counters, read_at_s

_LONGEST_S: Final = 300.0
# What one container's answer may have wrong without the host being in trouble.
_ONE_CONTAINER: Final = frozenset({"not_found", "conflict", "garbage", "docker_error"})


class DockerStats:
    """Set whom to ask by ``ask_for``; each ``read`` asks those whose turn it is."""

    def __init__(self, docker: DockerApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._docker = docker
        self._clock = clock
        self._turns: deque[str] = deque()
        self._tracker = DockerTracker()
        self.latest: dict[str, Readings] = {}  # of those whose last answer was one

    def ask_for(self, docker_ids: set[str]) -> None:
        kept = [key for key in self._turns if key in docker_ids]
        self._turns = deque([*kept, *sorted(docker_ids.difference(kept))])
        self._tracker.keep_only(docker_ids)
        self.latest = {key: self.latest[key] for key in kept if key in self.latest}

    def read(self, *, for_s: float) -> dict[str, Readings]:
        """One container at least, and no more begun after ``for_s``. Raises DriverError."""
        found: dict[str, Readings] = {}
        until = self._clock() + for_s
        for _ in range(len(self._turns)):
            docker_id = self._turns[0]
            self._turns.rotate(-1)
            self.latest.pop(docker_id, None)
            if readings := self._read_one(docker_id):
                found[docker_id] = self.latest[docker_id] = readings
            if self._clock() >= until:
                break
        return found

    def _read_one(self, docker_id: str) -> Readings:
        try:
            stats = self._docker.stats(docker_id)
        except DriverError as error:
            if error.code not in _ONE_CONTAINER:
                raise
            return {}
        at_s = read_at_s(stats)
        if at_s is None:
            return {}
        return self._tracker.step(docker_id, at_s, counters(stats), longest_s=_LONGEST_S)
