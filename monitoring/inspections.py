"""Whom of a host's containers to inspect, and when: the listing alone does not tell everything."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi

AT_ONCE: Final = 25  # between two looks at the events
HEALS_WITHIN_S: Final = 300.0  # the longest any container goes without being inspected
# What one container's description may have wrong without the host being in trouble.
# A container that hangs in the Engine makes the Engine hang whenever it is asked for that one.
_ONE_CONTAINER: Final = frozenset(
    {"garbage", "output_too_large", "docker_error", "conflict", "timeout"}
)
_AVOIDED_S: Final = 60.0


@dataclass(slots=True)
class Inspected:
    """What Docker said of some containers, and who is gone."""

    seen: dict[str, ContainerState] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


class Inspections:
    """Remembers which line of the listing belonged to each inspection, and asks again when another
    one comes. ``waiting`` are those who are to be inspected as time allows."""

    def __init__(self, docker: DockerApi, *, interval_s: float) -> None:
        self._docker = docker
        self._interval_s = interval_s
        self._listing: Mapping[str, ContainerState] = {}
        self._trusted: dict[str, ContainerState] = {}  # the listing when last inspected
        self._at: dict[str, float] = {}
        self._avoided: dict[str, tuple[float, DriverError]] = {}  # until when, and why
        self.waiting: list[str] = []

    def inspect(self, ids: list[str]) -> Inspected:
        """Asks for as long as half an interval; whoever's turn does not come has to wait.

        Raises DriverError when it is the host that is in trouble.
        """
        found, until = Inspected(), time.monotonic() + self._interval_s / 2
        for number, docker_id in enumerate(ids):
            if time.monotonic() > until:
                self.waiting = [*ids[number:], *self.waiting]
                break
            self._inspect_one(docker_id, found)
        return found

    def _inspect_one(self, docker_id: str, found: Inspected) -> None:
        self._at[docker_id] = now = time.monotonic()
        try:
            found.seen[docker_id] = self._docker.container(docker_id)
            self._avoided.pop(docker_id, None)
        except DriverError as error:
            if error.code == "not_found":
                found.gone.append(docker_id)
            elif error.code in _ONE_CONTAINER:
                self._avoided[docker_id] = now + _AVOIDED_S, error
            else:
                raise

    def inspect_listed(
        self, listing: Mapping[str, ContainerState], known: Mapping[str, str]
    ) -> Inspected:
        """After a listing: who is new, who differs from the row's state (``known``) or from the
        listing before, and a few of those not looked at for longest, so that lost events heal."""
        willing = [state for key, state in listing.items() if not self._is_avoided(key)]
        doubtful = [state.docker_id for state in willing if self._is_doubtful(state, known)]
        now, self.waiting = doubtful[:AT_ONCE], doubtful[AT_ONCE:]
        calm = {state.docker_id for state in willing}.difference(doubtful)
        found = self.inspect(now + self._longest_not_inspected(calm))
        self._listing = listing
        self.trust(found.seen)
        self._drop_all_but(listing.keys() - set(found.gone))
        return found

    def inspect_waiting(self) -> Inspected:
        """Some of those who wait."""
        some, self.waiting = self.waiting[:AT_ONCE], self.waiting[AT_ONCE:]
        found = self.inspect(some)
        self.trust(found.seen)
        return found

    def trust(self, ids: Iterable[str]) -> None:
        """From now on these are inspected again when their line in the listing changes."""
        self._trusted |= {key: self._listing[key] for key in ids if key in self._listing}

    def doubt(self, ids: Iterable[str]) -> None:
        """These are inspected again after the next listing, whatever it says."""
        for key in ids:
            self._trusted.pop(key, None)

    def trouble(self) -> DriverError | None:
        """Why one of the containers cannot be inspected; None when all can."""
        return next((error for _, error in self._avoided.values()), None)

    def _is_avoided(self, key: str) -> bool:
        return key in self._avoided and self._avoided[key][0] > time.monotonic()

    def _is_doubtful(self, state: ContainerState, known: Mapping[str, str]) -> bool:
        key = state.docker_id
        return known.get(key) != state.state or self._trusted.get(key) != state

    def _longest_not_inspected(self, keys: Collection[str]) -> list[str]:
        count = math.ceil(len(keys) * self._interval_s / HEALS_WITHIN_S)
        return heapq.nsmallest(count, keys, key=lambda key: self._at.get(key, 0.0))

    def _drop_all_but(self, keys: AbstractSet[str]) -> None:
        for kept in (self._trusted, self._at, self._avoided):
            for key in kept.keys() - keys:
                kept.pop(key)
