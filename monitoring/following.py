"""One connection to one host, from the first read of its containers until it is lost.

Docker's events say at once which containers to look at; a reconciling read every few seconds finds
what no event told, and keeps the host's rows fresh.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from monitoring.changes import Changes, changes_in
from monitoring.database import Database
from provisioning import inventory, reach
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi, EventStream
from provisioning.sightings import Told
from sites.models import Container, Host

AT_ONCE: Final = 25  # containers inspected between two looks at the events
HEALS_WITHIN_S: Final = 300.0  # the longest any container goes without being inspected
_OVERLAP_S: Final = 1.0
_HUNG_S: Final = 2.0
_ENDING_S: Final = 0.4  # what an Engine needs to clean up after a container
# A host that says more at once does not get all of our time.
_FLOOD: Final = 500
_FLOOD_PAUSE_S: Final = 0.2
# What one container's description may have wrong without the host being in trouble.
# A container that hangs in the Engine makes the Engine hang whenever it is asked for that one.
_ONE_CONTAINER: Final = frozenset(
    {"garbage", "output_too_large", "docker_error", "conflict", "timeout"}
)
_AVOIDED_S: Final = 60.0
_HURRY_S: Final = 1.0


class Outdated(Exception):
    """The host's row was removed, or says another way to the host by now."""


@dataclass(slots=True)
class Inspected:
    """What Docker said of some containers, and who is gone."""

    seen: dict[str, ContainerState] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


class Following:
    """``run`` blocks until ``stopped`` is set and ``close`` was called.

    It raises DriverError when the host cannot be followed any more, and Outdated. ``on_read`` is
    called after each read of all containers, the first of which means success.
    """

    def __init__(
        self,
        host: Host,
        docker: DockerApi,
        *,
        database: Database,
        interval_s: float,
        stopped: Event,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self._host = host
        self._docker = docker
        self._database = database
        self._interval_s = interval_s
        self._stopped = stopped
        self._on_read = on_read
        self._stream: EventStream | None = None
        self._listing: dict[str, ContainerState] = {}  # of the last read
        self._trusted: dict[str, ContainerState] = {}  # the listing when last inspected
        self._inspected_at: dict[str, float] = {}
        self._ending: dict[str, float] = {}  # when to inspect those that have just ended
        self._waiting: list[str] = []  # to be inspected as time allows
        self._avoided: dict[str, tuple[float, DriverError]] = {}  # until when, and why
        self._heard = self._forgot = self._unreadable = False
        self._asking_since: float | None = None  # None while it waits for events
        self.read_at: float | None = None  # of the last success, on the monotonic clock

    def run(self) -> None:
        since = time.time() - _OVERLAP_S
        self._stream = stream = self._docker.events(since=since, timeout_s=self._interval_s)
        try:
            while not self._stopped.is_set():
                self._asking_since = time.monotonic()
                if self._wait_s() <= 0:
                    self._read()
                    self._check(stream)
                self._catch_up()
                self._asking_since = None
                events = stream.take(timeout_s=self._patience_s())
                self._asking_since = time.monotonic()
                self._act_on(events)
        finally:
            stream.close()

    def close(self) -> None:
        """Ends the waiting; from any thread."""
        if self._stream is not None:
            self._stream.close()

    def hung(self) -> bool:
        """After an error: whether the host had kept us waiting for an answer."""
        since = self._asking_since
        return since is not None and time.monotonic() - since > _HUNG_S

    def _patience_s(self) -> float:
        """How long nothing else is to be done than to wait for events."""
        if self._waiting:
            return 0.0
        next_due = min(self._ending.values(), default=math.inf)
        return max(0.0, min(self._wait_s(), next_due - time.monotonic()))

    def _wait_s(self) -> float:
        if self.read_at is None:
            return 0.0
        interval_s = min(_HURRY_S, self._interval_s) if self._unreadable else self._interval_s
        return max(0.0, self.read_at + interval_s - time.monotonic())

    def _check(self, stream: EventStream) -> None:
        """A stream that was silent since the last read: is it still one?"""
        if not self._heard and not stream.answers():
            raise DriverError(f"{self._host.name}: Docker's event stream went silent", "link_lost")
        self._heard = False

    def _act_on(self, events: Collection[Mapping[str, Any]]) -> None:
        """Looks once at each container that was named, however often it was."""
        self._heard = self._heard or bool(events)
        self._unreadable = self._unreadable or any(not event for event in events)
        if len(events) > _FLOOD:
            self._stopped.wait(_FLOOD_PAUSE_S)
        changes = changes_in(events)
        for docker_id in changes.gone:
            self._forget(docker_id)
        self._tell(changes.told)
        look = self._put_off(changes)
        for docker_id in changes.look:
            self._trusted.pop(docker_id, None)
        for first in range(0, len(look), AT_ONCE):
            self._look(look[first : first + AT_ONCE], source=Container.Source.EVENT)

    def _tell(self, told: Mapping[str, Told]) -> None:
        if told:
            at = timezone.now()
            self._store(lambda: inventory.apply_told(self._host, told, at=at))

    def _put_off(self, changes: Changes) -> list[str]:
        """Whom to inspect now. Who has just ended is left alone for a moment: the Engine answers
        only when it has cleaned up, and meanwhile nobody else's events would be read."""
        due = time.monotonic() + _ENDING_S
        ended = [key for key, told in changes.told.items() if told.state == "exited"]
        self._ending |= dict.fromkeys(ended, due)
        return [key for key in changes.look if key not in ended]

    def _ended(self) -> list[str]:
        """Those whose moment has passed; they are forgotten here."""
        now = time.monotonic()
        past = [key for key, due in self._ending.items() if due <= now]
        for key in past:
            del self._ending[key]
        return past

    def _catch_up(self) -> None:
        if ended := self._ended():
            self._look(ended, source=Container.Source.EVENT)
        some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        if some:
            seen = self._look(some, source=Container.Source.READ)
            self._trust(seen)

    def _look(self, ids: list[str], *, source: str) -> Collection[str]:
        at = timezone.now()
        found = self._inspect(ids)
        host, states = self._host, list(found.seen.values())
        if states:
            self._store(lambda: inventory.apply_some(host, states, at=at, source=source))
        for docker_id in found.gone:
            self._forget(docker_id)
        return found.seen

    def _forget(self, docker_id: str) -> None:
        self._forgot = True
        self._store(lambda: inventory.forget_docker_id(self._host, docker_id))

    def _store(self, work: Callable[[], object]) -> None:
        if not self._stopped.is_set():
            self._database(work)

    def _trust(self, ids: Collection[str]) -> None:
        """From now on these are inspected again when their line in the listing changes."""
        self._trusted |= {key: self._listing[key] for key in ids if key in self._listing}

    def _inspect(self, ids: list[str]) -> Inspected:
        """Asks for as long as half an interval; whoever's turn does not come has to wait."""
        found, until = Inspected(), time.monotonic() + self._interval_s / 2
        for number, docker_id in enumerate(ids):
            if time.monotonic() > until:
                self._waiting = [*ids[number:], *self._waiting]
                break
            self._inspect_one(docker_id, found)
        return found

    def _inspect_one(self, docker_id: str, found: Inspected) -> None:
        self._inspected_at[docker_id] = now = time.monotonic()
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

    def _read(self) -> None:
        """Lists all, inspects what is new or differs and a few others, stores what changed."""
        began, at = time.monotonic(), timezone.now()
        listing = {state.docker_id: state for state in self._docker.containers()}
        known = self._database(lambda: inventory.states(self._host))
        open_to_us = {key: state for key, state in listing.items() if not self._is_avoided(key)}
        doubtful = [key for key, state in open_to_us.items() if self._is_doubtful(state, known)]
        now, self._waiting = doubtful[:AT_ONCE], doubtful[AT_ONCE:]
        found = self._inspect(now + self._longest_not_inspected(open_to_us.keys() - set(doubtful)))
        self._listing = listing
        self._trust(found.seen)
        self._drop_all_but(listing.keys() - set(found.gone))
        other = any(known.get(key) != state.state for key, state in listing.items())
        changed = bool(doubtful or other or self._forgot or known.keys() - listing.keys())
        self._store(lambda: self._keep(found, at=at, changed=changed or self.read_at is None))
        self._forgot = self._unreadable = False
        self.read_at = began
        self._on_read()

    def _is_avoided(self, key: str) -> bool:
        return key in self._avoided and self._avoided[key][0] > time.monotonic()

    def _is_doubtful(self, state: ContainerState, known: Mapping[str, str]) -> bool:
        key = state.docker_id
        return known.get(key) != state.state or self._trusted.get(key) != state

    def _longest_not_inspected(self, keys: Collection[str]) -> list[str]:
        """A few in each read, so that all have their turn: lost events heal by this."""
        count = math.ceil(len(keys) * self._interval_s / HEALS_WITHIN_S)
        return heapq.nsmallest(count, keys, key=lambda key: self._inspected_at.get(key, 0.0))

    def _drop_all_but(self, keys: AbstractSet[str]) -> None:
        for kept in (self._listing, self._trusted, self._inspected_at, self._avoided):
            for key in kept.keys() - keys:
                kept.pop(key)

    def _keep(self, found: Inspected, *, at: datetime, changed: bool) -> None:
        """Writes the read down; when nothing changed that is one small update."""
        if not changed:
            states = list(found.seen.values())
            inventory.apply_some(self._host, states, at=at, source=Container.Source.READ)
            return self._confirm(at)
        states = [found.seen.get(key, listed) for key, listed in self._listing.items()]
        with transaction.atomic():
            inventory.apply_all(self._host, states, at=at)
            self._confirm(at)

    def _remark(self) -> DriverError | None:
        """What part of the host's answers could not be used."""
        if self._unreadable:
            return DriverError(
                f"{self._host.name}: some of Docker's events are unreadable", "garbage"
            )
        return next((error for _, error in self._avoided.values()), None)

    def _confirm(self, at: datetime) -> None:
        """The host's rows are fresh as of ``at``, whatever somebody else wrote meanwhile."""
        remark = self._remark()
        reach.reached(self._host, but=remark)
        if reach.looked_at(self._host, at):
            return
        row = Host.objects.filter(pk=self._host.pk, revision=self._host.revision).first()
        if row is None:
            raise Outdated
        self._host = row
        reach.reached(row, but=remark)
        if not reach.looked_at(row, at):
            raise Outdated
