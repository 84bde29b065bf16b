"""Watches one host in a thread of its own, whatever happens to the host, until it is told to stop.

A host whose key is not approved, or has changed, is only asked for its key; nobody logs in.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from monitoring.backoff import Backoff
from monitoring.database import DATABASE_GONE
from monitoring.events.keeping import Keeper
from monitoring.following import Following, Outdated
from monitoring.means import Means, way_to
from monitoring.usage.usage import Samples
from provisioning import reach
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from sites.models import Host

log = logging.getLogger(__name__)

# Such an end of a good connection is tried once more before the host is called unreachable.
_OFTEN_HARMLESS: Final = frozenset({"link_lost", "busy"})
_LASTED_S: Final = 5.0
_UNREADABLE: Final = frozenset({"garbage", "output_too_large"})


class Watcher:
    """``start`` it, ``stop`` it (from any thread); ``done`` says whether its thread has ended."""

    def __init__(self, key: int, *, means: Means) -> None:
        self._key = key
        self._means = means
        self._stopped = threading.Event()
        self._following: Following | None = None
        self._samples: Samples | None = None
        self._began_at = 0.0
        self._pauses = Backoff()
        self._thread = threading.Thread(target=self.run, name=f"host-{key}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; nothing is written from now on."""
        self._stopped.set()
        if (following := self._following) is not None:
            # Even saying goodbye may block, when the host does not take it.
            threading.Thread(target=following.close, name="goodbye", daemon=True).start()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                pause_s = self._once()
            except Outdated:
                return
            except DATABASE_GONE as error:
                log.info("host %s: the database failed, trying again: %s", self._key, error)
                pause_s = self._pauses.next_s()
            except Exception:  # a mistake of ours: this host goes on, and so do the others
                pause_s = self._failed_ourselves()
            self._stopped.wait(pause_s)

    def _once(self) -> float:
        """One attempt; returns how many seconds to wait before the next one."""
        host = self._means.database(self._load)
        try:
            return self._ask_key(host) if _key_is_open(host) else self._follow(host)
        except DriverError as error:
            return self._lost(host, error)

    def _failed_ourselves(self) -> float:
        """After an exception that nobody expected: no host is to look well because of it."""
        if not self._stopped.is_set():
            log.exception("watching host %s failed unexpectedly", self._key)
            try:
                self._note(lambda: reach.unwatched(self._load()))
            except (Outdated, *DATABASE_GONE):
                log.info("host %s: this could not be noted on its row", self._key)
        return self._pauses.next_s()

    def _load(self) -> Host:
        rows = Host.objects.select_related("credential", "via__credential", "via__via__credential")
        host = rows.filter(pk=self._key).first()
        if host is None:
            raise Outdated
        return host

    def _ask_key(self, host: Host) -> float:
        shown = self._means.shown_key(host)
        self._note(lambda: reach.offered(host, shown))
        self._pauses.reset()
        return 0.0 if shown == host.host_key else self._means.ask_key_every_s

    def _follow(self, host: Host) -> float:
        driver = self._means.connect(way_to(host))
        self._began_at = time.monotonic()
        self._following = following = Following(
            host,
            driver.docker,
            database=self._means.database,
            interval_s=self._means.interval_s,
            stopped=self._stopped,
            on_read=lambda: self._on_read(host, driver),
            on_change=self._on_change,
            happenings=Keeper(host),
        )
        try:
            following.run()
        finally:
            self._end_samples()
        return 0.0

    def _on_read(self, host: Host, driver: HostDriver) -> None:
        if self._lasted():
            self._pauses.reset()
        if self._samples is None:
            self._samples = self._means.usage.begin(host.pk, driver)
        self._means.extras.offer(host, driver)

    def _on_change(self) -> None:
        if self._samples is not None:
            self._samples.look_soon()

    def _end_samples(self) -> None:
        if self._samples is not None:
            self._samples.close()
            self._samples = None

    def _lasted(self) -> bool:
        """Whether the present connection is old enough not to be one that always ends at once."""
        return time.monotonic() - self._began_at > _LASTED_S

    def _lost(self, host: Host, error: DriverError) -> float:
        following, self._following = self._following, None
        worked = following is not None and following.read_at is not None and not following.hung()
        if worked and error.code in _OFTEN_HARMLESS:
            return 0.0 if self._lasted() else self._pauses.next_s()
        unreadable = following is not None and error.code in _UNREADABLE
        state = Host.State.NO_DOCKER if unreadable else None
        self._note(lambda: reach.failed(host, error, state=state))
        return self._pauses.next_s()

    def _note(self, work: Callable[[], object]) -> None:
        if not self._stopped.is_set():
            self._means.database(work)


def _key_is_open(host: Host) -> bool:
    """Whether its host key is still to be approved, or to become the approved one again."""
    changed = host.state == Host.State.KEY_CHANGED
    return host.connection == Host.Connection.SSH and (not host.host_key or changed)
