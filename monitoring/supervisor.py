"""Keeps one watcher for each host this monitor holds, and the leases that say so."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable
from threading import Thread
from typing import Final, Protocol

from django.utils import timezone

from monitoring import leases
from monitoring.alive import touch
from monitoring.database import DATABASE_GONE, DatabaseThreads
from monitoring.leases import Watched
from provisioning.drivers import pool
from provisioning.lifeline import MONITOR, bury

log = logging.getLogger(__name__)

TURN_S: Final = 1.0


def monitor_name() -> str:
    """This process, unique even when process numbers come round again."""
    return f"{os.uname().nodename[:20]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


class Watching(Protocol):
    """A watcher, as far as it matters here."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    @property
    def done(self) -> bool: ...


class Supervisor:
    """``run`` looks at the table of hosts every second; ``close`` gives all of them back."""

    def __init__(
        self,
        name: str,
        *,
        database: DatabaseThreads,
        new_watcher: Callable[[int], Watching],
        forget: Callable[[str], None] = pool.forget,
    ) -> None:
        self._name = name
        self._database = database
        self._new_watcher = new_watcher
        self._forget = forget
        self._watchers: dict[int, tuple[Watched, Watching]] = {}
        self._living = 1
        self._renewed_at = -leases.RENEW_S
        self._failing = False

    def run(self, ended: Callable[[float], bool]) -> None:
        """Until ``ended``, which waits for so many seconds, says so."""
        while True:
            touch()
            try:
                self.turn()
                self._failing = False
            except DATABASE_GONE as error:
                # What is watched stays watched: nobody else can take it over either.
                if not self._failing:
                    log.warning("the database failed, trying again: %s", error)
                self._failing = True
            if ended(TURN_S):
                return

    def turn(self) -> None:
        """One look: renews and balances leases when it is time, starts and stops watchers."""
        now = timezone.now()
        if time.monotonic() - self._renewed_at >= leases.RENEW_S:
            for name in self._database(lambda: bury(MONITOR, leases.leave)):
                log.warning("monitor %s ended without a word; its hosts are free", name)
            self._living = self._database(lambda: leases.announce(self._name, now=now))
            self._renewed_at = time.monotonic()
        rows = self._database(leases.hosts)
        if self._change_hands(rows):
            rows = self._database(leases.hosts)
        self._watch([row for row in rows if row.is_held_by(self._name, now)])

    def _change_hands(self, rows: list[Watched]) -> bool:
        now, living = timezone.now(), self._living
        surplus = leases.to_release(rows, self._name, living=living, now=now)
        wanted = leases.to_claim(rows, self._name, living=living, now=now)
        if surplus:
            self._database(lambda: leases.release(self._name, surplus))
        if wanted:
            self._database(lambda: leases.claim(self._name, wanted, now=now))
        return bool(surplus or wanted)

    def _watch(self, mine: list[Watched]) -> None:
        wanted = {row.key: row for row in mine}
        for key, (row, watcher) in list(self._watchers.items()):
            if key not in wanted:
                self._give_up(key)
            elif wanted[key].way != row.way or watcher.done:
                self._watchers.pop(key)[1].stop()
        for key, row in wanted.items():
            if key not in self._watchers:
                watcher = self._new_watcher(key)
                self._watchers[key] = row, watcher
                watcher.start()

    def _give_up(self, key: int) -> None:
        """Saying goodbye to a host that hangs takes seconds, for which nobody here waits."""
        row, watcher = self._watchers.pop(key)
        watcher.stop()
        Thread(target=self._forget, args=(row.name,), name="goodbye", daemon=True).start()

    def watched(self) -> list[int]:
        return list(self._watchers)

    def _stop_all(self) -> None:
        for _, watcher in self._watchers.values():
            watcher.stop()
        self._watchers = {}

    def close(self, *, timeout_s: float = 0.5) -> None:
        """Gives the hosts back, so that others need not wait for leases, and stops all watchers."""
        given_back = self._database.begin(lambda: leases.leave(self._name))
        stopping = Thread(target=self._stop_all, name="goodbye", daemon=True)
        stopping.start()
        stopping.join(timeout_s)
        try:
            given_back.result(timeout_s)
        except (*DATABASE_GONE, TimeoutError) as error:
            log.warning("the leases could not be given back, they run out: %r", error)
