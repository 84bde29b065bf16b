"""The backups of some sites in one folder of the NAS."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from provisioning.backups.clocks import SETTLE, Clock
from provisioning.backups.gathering import KEPT, Candidate, Gathered, gather, measure
from provisioning.backups.names import time_of_folder
from provisioning.backups.seen import Backup, Seen, Unfinished, Wanted
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import FoldersApi
from provisioning.drivers.hostile import printable

# These say something of one folder; all else, that the NAS cannot be asked.
_OF_FOLDER: Final = frozenset({"permission_denied", "not_found", "output_too_large"})
_MEASURED_ANEW: Final = 2  # newest ones that are folders: more may have come into them
_MAX_UNFINISHED: Final = 20


def find(
    folders: FoldersApi, root: bytes, parts: tuple[bytes, ...], sites: Sequence[Wanted], *,
    clock: Clock,
) -> list[Seen]:  # fmt: skip
    """Each of the sites. DriverError when the NAS cannot be asked any more."""
    try:
        path, why = _way(folders, root, parts)
        if path is None:
            return [Seen(one.site, why) for one in sites]
        names = {one.site: one.place.names for one in sites if one.place}
        found = gather(folders, path, names, settled_s=clock.settled_s)
        return [_Site(folders, path, one, clock).seen(found[one.site]) for one in sites]
    except DriverError as error:
        if error.code not in _OF_FOLDER:
            raise
        return [Seen(one.site, error.message) for one in sites]


def _way(
    folders: FoldersApi, root: bytes, parts: tuple[bytes, ...]
) -> tuple[bytes | None, str]:  # fmt: skip
    """The folder; None without a reason where there is none. Links below the root lead nowhere."""
    path = root
    for part in parts:
        path = b"%b/%b" % (path, part)
        there = folders.look(path)
        if there is None:
            return None, ""
        if there.kind != "folder":
            what = "a link, which is not followed" if there.kind == "link" else "not a folder"
            return None, f"{printable(part, limit=100)} is {what}"
    return path, ""


class _Site:
    """Makes backups of the candidates of one site."""

    def __init__(self, folders: FoldersApi, path: bytes, site: Wanted, clock: Clock) -> None:
        self._folders = folders
        self._path = path
        self._site = site
        self._clock = clock
        self._known = {(one.name, one.modified_s): one for one in site.kept}
        self._folders_known = {one.name: one for one in site.kept if one.folder}
        self._waiting = {one.name: one for one in site.unfinished}
        self._measured = 0

    def seen(self, found: Gathered) -> Seen:
        kept: list[Backup] = []
        waiting: list[Unfinished] = []
        for one in (*found.recent, *found.older):
            if len(kept) == KEPT:
                break
            backup = self._backup(one)
            waits = self._waits(backup)
            kept += [] if waits else [backup]
            waiting += [waits] if waits else []
        count = max(found.count - len(waiting), len(kept))
        if found.temporary:
            waiting.append(self._temporary(found.temporary))
        kept.sort(key=lambda one: one.at, reverse=True)
        waiting.sort(key=lambda one: one.modified_s, reverse=True)
        return Seen(self._site.site, "", count, tuple(kept), tuple(waiting[:_MAX_UNFINISHED]))

    def _backup(self, one: Candidate) -> Backup:
        size, modified_s = self._size(one)
        at = self._clock.ours(modified_s)
        if one.is_folder:
            at = time_of_folder(one.name, at)
        if ahead := self._clock.is_ahead(at):
            same = self._known.get((one.shown, modified_s))
            at = same.at if same else self._clock.now
        at = min(at, self._clock.now)
        return Backup(one.shown, at, size, modified_s, one.is_folder, ahead)

    def _size(self, one: Candidate) -> tuple[int | None, int]:
        if not one.is_folder:
            return one.size, one.modified_s
        same = self._folders_known.get(one.shown)
        if same and self._measured >= _MEASURED_ANEW:
            return same.size, same.modified_s
        self._measured += 1
        return measure(self._folders, b"%b/%b" % (self._path, one.name), one.modified_s)

    def _waits(self, backup: Backup) -> Unfinished | None:
        """Itself while it may still be written, None once it has not changed for long enough."""
        if backup.modified_s < self._clock.settled_s or self._is_known(backup):
            return None
        now = Unfinished(backup.name, backup.size, backup.modified_s, self._clock.now)
        since = self._since(now)
        if self._clock.now - since >= SETTLE:
            return None
        return Unfinished(now.name, now.size, now.modified_s, since)

    def _is_known(self, backup: Backup) -> bool:
        same = self._known.get((backup.name, backup.modified_s))
        return same is not None and same.size == backup.size

    def _since(self, now: Unfinished) -> datetime:
        before = self._waiting.get(now.name)
        same = before and (before.size, before.modified_s) == (now.size, now.modified_s)
        return before.since if before and same else now.since

    def _temporary(self, one: Candidate) -> Unfinished:
        now = Unfinished(one.shown, one.size, one.modified_s, self._clock.now)
        return Unfinished(now.name, now.size, now.modified_s, self._since(now))
