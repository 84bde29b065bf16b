"""One look at the backups on a NAS. Asks the NAS, and touches no row."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from provisioning.backups.clocks import Clock, clock_of
from provisioning.backups.finding import find
from provisioning.backups.names import is_nothing
from provisioning.backups.seen import Look, Root, Seen, Wanted
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import FolderHost, FoldersApi
from provisioning.drivers.hostile import printable

LOOK_S: Final = 300.0  # at all that lies below one root


def look(
    host: FolderHost, root: Root, wanted: Sequence[Wanted], *, timeout_s: float = LOOK_S
) -> Look:
    """Raises no DriverError: that the NAS could not be asked is what was found."""
    found, began = Look(), time.monotonic()
    try:
        clock = clock_of(host)
        found.skew = clock.skew
        with host.folders(timeout_s=timeout_s) as folders:
            if (path := _opened(folders, root, found)) is not None:
                _look(folders, path, wanted, clock, found)
    except DriverError as error:
        found.failed(error.code, error.message)
    _all_gone(root, found)
    found.duration_ms = round((time.monotonic() - began) * 1000)
    return found


def _look(
    folders: FoldersApi, path: bytes, wanted: Sequence[Wanted], clock: Clock, found: Look
) -> None:
    found.sites += [Seen(one.site, one.why) for one in wanted if one.place is None]
    for parts, sites in _by_folder(wanted):
        found.sites += find(folders, path, parts, sites, clock=clock)


def _by_folder(wanted: Iterable[Wanted]) -> list[tuple[tuple[bytes, ...], list[Wanted]]]:
    """Where several sites share a folder it is read once."""
    found: dict[tuple[bytes, ...], list[Wanted]] = {}
    for one in wanted:
        if one.place is not None:
            found.setdefault(one.place.folder, []).append(one)
    return list(found.items())


def _opened(folders: FoldersApi, root: Root, found: Look) -> bytes | None:
    """The folder as it is really called, if what is in it can be believed.

    An empty mount point looks like a NAS on which nothing was ever backed up. A marker tells them
    apart; without one an empty folder is not taken for an answer.
    """
    shown = printable(root.path, limit=200)
    try:
        path = folders.real_path(root.path.encode())
    except DriverError as error:
        if error.code != "not_found":
            raise
        found.failed("unmounted", f"{shown} is not there: its volume is probably not mounted")
        return None
    if root.marker:
        if folders.look(b"%b/%b" % (path, root.marker.encode())) is not None:
            return path
        words = f"{printable(root.marker)} is not in {shown}: its volume is not mounted"
        found.failed("unmounted", words)
        return None
    if any(not is_nothing(one.name) for one in folders.entries(path)):
        return path
    if root.had_backups:
        why = "there were backups before, so its volume is probably not mounted"
    else:
        why = "nothing was ever put there, or its volume is not mounted"
    found.failed("unmounted" if root.had_backups else "folder_empty", f"{shown} is empty: {why}")
    return None


def _all_gone(root: Root, found: Look) -> None:
    """What lies in a mount point by chance must not make all backups look deleted."""
    gone = {one.site for one in found.sites if not (one.error or one.count or one.unfinished)}
    if root.marker or found.code or len(root.had_backups) < 2 or not root.had_backups <= gone:
        return
    found.sites = []
    words = "the backups of all sites are gone at once: its volume is probably not mounted"
    found.failed("unmounted", words)
