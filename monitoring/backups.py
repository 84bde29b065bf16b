"""Backups on NAS looked at now and then, each NAS in a thread of its own.

A NAS is mostly no Docker host, so its watcher has no connection to offer: it is reached as the
watcher would, by the connection that both share. One that hangs keeps only its own thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from django.utils import timezone

from monitoring.database import DATABASE_GONE, Database
from monitoring.means import way_to
from provisioning.backups.covering import cover
from provisioning.backups.keeping import asked_of, claim_due, keep
from provisioning.backups.looking import LOOK_S, look
from provisioning.backups.models import BackupSource
from provisioning.backups.reaching import as_nas
from provisioning.backups.seen import Look
from provisioning.drivers import pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import FolderHost
from provisioning.drivers.host import HostDriver
from provisioning.drivers.target import Target
from provisioning.targets import target_of
from sites.models import Host

log = logging.getLogger(__name__)

TURN_S: Final = 5.0
_REST_S: Final = 60.0  # of a NAS after a mistake of ours, which would be repeated at once


class BackupLooks:
    """One thread asks the database which NAS are due; each gets one of its own, never two."""

    def __init__(
        self,
        *,
        database: Database,
        turn_s: float = TURN_S,
        look_s: float = LOOK_S,
        connect: Callable[[Target], HostDriver] = pool.host_driver,
    ) -> None:
        self._database = database
        self._turn_s = turn_s
        self._look_s = look_s
        self._connect = connect
        self._under_way: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.turn()
            except DATABASE_GONE as error:
                log.info("backups: the database failed, trying again: %s", error)
            except Exception:  # a mistake of ours in one round must not end all later ones
                log.exception("looking for due NAS failed unexpectedly")

    def turn(self) -> None:
        """Gives new sites their rows and begins with each NAS that is due."""
        self._database(cover)
        busy = self._busy()
        for source in self._database(lambda: claim_due(now=timezone.now(), busy=busy)):
            self._under_way.add(source.nas_id)
            threading.Thread(
                target=self._look, args=(source,), name=f"backups-{source.nas_id}", daemon=True
            ).start()

    def _busy(self) -> set[int]:
        now = time.monotonic()
        resting = {key for key, until in self._rests_until.items() if until > now}
        return resting | set(self._under_way)

    def _look(self, source: BackupSource) -> None:
        try:
            self._look_at(source)
        except DATABASE_GONE as error:
            log.warning("backups on %s could not be stored: %s", source.nas.name, error)
        except Exception:  # a mistake of ours: the others go on, and this one a little later
            log.exception("looking at backups on %s failed unexpectedly", source.nas.name)
            self._rests_until[source.nas_id] = time.monotonic() + _REST_S
            self._failed_ourselves(source)
        finally:
            self._under_way.discard(source.nas_id)

    def _look_at(self, source: BackupSource) -> None:
        at = timezone.now()
        root, wanted = self._database(lambda: asked_of(source))
        try:
            host = self._reached(source.nas_id)
        except DriverError as error:
            found = Look(code=error.code, error=error.message)
        else:
            found = look(host, root, wanted, timeout_s=self._look_s)
        if found.code:
            log.info("backups on %s could not be read: %s", source.nas.name, found.error)
        if not self._stopped.is_set():
            self._database(lambda: keep(source, found, at=at))

    def _failed_ourselves(self, source: BackupSource) -> None:
        """No backup is to look well because of a mistake of ours."""
        words = f"SiteFlow itself failed while it looked at {source.nas.name}. This says nothing "
        found = Look(code="internal_error", error=words + "about the NAS.")
        try:
            self._database(lambda: keep(source, found, at=timezone.now()))
        except DATABASE_GONE:
            log.info("backups on %s: this could not be noted on its row", source.nas.name)

    def _reached(self, key: int) -> FolderHost:
        target = self._database(lambda: _way_to(key))
        return as_nas(self._connect(target), target)


def _way_to(key: int) -> Target:
    rows = Host.objects.select_related("credential", "via__credential", "via__via__credential")
    if (host := rows.filter(pk=key).first()) is None:
        raise DriverError("The NAS was removed.", "not_found")
    if host.state == Host.State.KEY_CHANGED or not host.host_key:
        return target_of(host)  # raises: its own key is in question, and not one on the way
    return way_to(host)
