"""One connection to one host, from the first read of its containers until it is lost.

Docker's events say at once which containers to look at; a reconciling read every few seconds finds
what no event told, and keeps the host's rows fresh.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any, Final, Protocol

from django.db import transaction
from django.utils import timezone

from monitoring.changes import Changes, changes_in
from monitoring.database import Database
from monitoring.inspections import AT_ONCE, Inspected, Inspections
from provisioning import inventory, reach
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi, EventStream
from provisioning.sightings import Told
from sites.models import Container, Host

_OVERLAP_S: Final = 1.0
_HUNG_S: Final = 2.0
_ENDING_S: Final = 0.4  # what an Engine needs to clean up after a container
# A host that says more at once does not get all of our time.
_FLOOD: Final = 500
_FLOOD_PAUSE_S: Final = 0.2
_HURRY_S: Final = 1.0


class Outdated(Exception):
    """The host's row was removed, or says another way to the host by now."""


class Happenings(Protocol):
    """Database work with each batch of events: before and after what they change is written."""

    def notice(self, events: Collection[Mapping[str, Any]]) -> None: ...
    def keep(self, events: Collection[Mapping[str, Any]]) -> None: ...


class Following:
    """``run`` blocks until ``stopped`` is set and ``close`` was called.

    It raises DriverError when the host cannot be followed any more, and Outdated. ``on_read`` is
    called after each read of all containers, the first of which means success; ``on_change`` after
    events that changed some.
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
        on_change: Callable[[], None] = lambda: None,
        happenings: Happenings | None = None,
    ) -> None:
        self._host = host
        self._docker = docker
        self._database = database
        self._interval_s = interval_s
        self._stopped = stopped
        self._on_read = on_read
        self._on_change = on_change
        self._happenings = happenings
        self._stream: EventStream | None = None
        self._inspections = Inspections(docker, interval_s=interval_s)
        self._ending: dict[str, float] = {}  # when to inspect those that have just ended
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
        if self._inspections.waiting:
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
        if changes.gone and self._happenings:
            self._store(partial(self._happenings.notice, events))
        for docker_id in changes.gone:
            self._forget(docker_id)
        self._tell(changes.told)
        self._inspections.doubt(changes.look)
        look = self._put_off(changes)
        for first in range(0, len(look), AT_ONCE):
            self._look(look[first : first + AT_ONCE])
        if changes:
            self._on_change()
        if events and self._happenings:
            self._store(partial(self._happenings.keep, events))

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
            self._look(ended)
        if self._inspections.waiting:
            at = timezone.now()
            self._write(self._inspections.inspect_waiting(), at=at, source=Container.Source.READ)

    def _look(self, ids: list[str]) -> None:
        at = timezone.now()
        self._write(self._inspections.inspect(ids), at=at, source=Container.Source.EVENT)

    def _write(self, found: Inspected, *, at: datetime, source: str) -> None:
        host, states = self._host, list(found.seen.values())
        if states:
            self._store(lambda: inventory.apply_some(host, states, at=at, source=source))
        for docker_id in found.gone:
            self._forget(docker_id)

    def _forget(self, docker_id: str) -> None:
        self._forgot = True
        self._store(lambda: inventory.forget_docker_id(self._host, docker_id))

    def _store(self, work: Callable[[], object]) -> None:
        if not self._stopped.is_set():
            self._database(work)

    def _read(self) -> None:
        """Lists all, inspects what is new or differs and a few others, stores what changed."""
        began, at = time.monotonic(), timezone.now()
        listing = {state.docker_id: state for state in self._docker.containers()}
        known = self._database(lambda: inventory.states(self._host))
        found = self._inspections.inspect_listed(listing, known)
        for docker_id in found.gone:
            listing.pop(docker_id)
        differs = known != {key: state.state for key, state in listing.items()}
        states = {**listing, **found.seen}
        if differs or self._forgot or self.read_at is None:
            self._store(lambda: self._keep_all(list(states.values()), at=at))
        else:
            self._store(lambda: self._keep_some(list(found.seen.values()), at=at))
        self._forgot = self._unreadable = False
        self.read_at = began
        self._on_read()

    def _keep_all(self, states: list[ContainerState], *, at: datetime) -> None:
        with transaction.atomic():
            inventory.apply_all(self._host, states, at=at)
            self._confirm(at)

    def _keep_some(self, states: list[ContainerState], *, at: datetime) -> None:
        """When nobody came, went or changed state; if nothing changed, that is one small update."""
        inventory.apply_some(self._host, states, at=at, source=Container.Source.READ)
        self._confirm(at)

    def _remark(self) -> DriverError | None:
        """What part of the host's answers could not be used."""
        if self._unreadable:
            who = self._host.name
            return DriverError(f"{who}: some of Docker's events are unreadable", "garbage")
        return self._inspections.trouble()

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
