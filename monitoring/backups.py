"""Backups on NAS looked at now and then, each NAS in a thread of its own.

A NAS is mostly no Docker host, so its watcher has no connection to offer: it is reached as the
watcher would, by the connection that both share.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from django.utils import timezone

from monitoring.database import DATABASE_GONE, Database
from monitoring.means import way_to
from monitoring.rounds import TURN_S, Rounds
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


class BackupLooks(Rounds[BackupSource]):
    """Of those NAS that are due, which it claims."""

    what = "backups"

    def __init__(
        self,
        *,
        database: Database,
        turn_s: float = TURN_S,
        look_s: float = LOOK_S,
        connect: Callable[[Target], HostDriver] = pool.host_driver,
    ) -> None:
        super().__init__(database=database, turn_s=turn_s)
        self._look_s = look_s
        self._connect = connect

    def _due(self, busy: Collection[int]) -> Mapping[int, BackupSource]:
        """Gives new sites their rows first."""
        self._database(cover)
        claimed = self._database(lambda: claim_due(now=timezone.now(), busy=busy))
        return {source.nas_id: source for source in claimed}

    def _name_of(self, key: int, thing: BackupSource) -> str:
        return thing.nas.name

    def _look_at(self, key: int, thing: BackupSource) -> None:
        source, at = thing, timezone.now()
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

    def _failed_ourselves(self, thing: BackupSource) -> None:
        """No backup is to look well because of a mistake of ours."""
        words = f"SiteFlow itself failed while it looked at {thing.nas.name}. This says nothing "
        found = Look(code="internal_error", error=words + "about the NAS.")
        try:
            self._database(lambda: keep(thing, found, at=timezone.now()))
        except DATABASE_GONE:
            log.info("backups on %s: this could not be noted on its row", thing.nas.name)

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
