"""Vhosts put into a running Caddy so that what one of them does wrong stays its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from provisioning.drivers.caddy_admin import Admin
from provisioning.drivers.caddy_config import found, merged
from provisioning.drivers.caddy_vhost import Block, Json
from provisioning.drivers.errors import DriverError

# Each time somebody else was faster: they have got on, so this ends.
MAX_ATTEMPTS: Final = 50
_AGAIN: Final = {"proxy_changed", "link_lost", "port_closed"}
_PAUSE_S: Final = 0.05

Changes = Mapping[str, Block | None]  # None: it is to go


def load(
    admin: Admin,
    changes: Changes,
    *,
    allow: Callable[[Json], None] = lambda config: None,
    clean: bool = False,
) -> dict[str, str]:
    """Loads all changes that Caddy takes; the others by name, with its reason.

    What Caddy refuses as a whole is tried in halves, each on top of what it has taken so far. So
    no name is ever taken away to find the bad one, and a refused one stays as it was before.
    ``allow`` looks at the configuration that is about to be replaced, and raises if it must not be.
    """
    try:
        _attempt(admin, changes, allow, clean=clean)
    except DriverError as error:
        if error.code != "proxy_refused":
            raise
        if len(changes) == 1:
            return dict.fromkeys(changes, error.message)
        if len(changes) == 0:
            raise
    else:
        return {}
    _attempt(admin, {}, allow, clean=clean)  # raises where it is not for one of the changes
    return _in_halves(admin, changes, allow)


def _in_halves(admin: Admin, changes: Changes, allow: Callable[[Json], None]) -> dict[str, str]:
    names = sorted(changes)
    middle = len(names) // 2
    refused: dict[str, str] = {}
    for half in (names[:middle], names[middle:]):
        part = {name: changes[name] for name in half}
        try:
            _attempt(admin, part, allow)
        except DriverError as error:
            if error.code != "proxy_refused":
                raise
            refused |= (
                {half[0]: error.message} if len(half) == 1 else _in_halves(admin, part, allow)
            )
    return refused


def _attempt(
    admin: Admin, changes: Changes, allow: Callable[[Json], None], *, clean: bool = False
) -> None:
    def once() -> None:
        loaded = admin.read()
        allow(loaded.config)
        config = with_changes(loaded.config, changes, clean=clean)
        if config != loaded.config:
            admin.replace(config, etag=loaded.etag)

    _until_it_counts(once)


def with_changes(config: Json, changes: Changes, *, clean: bool = False) -> Json:
    blocks: dict[str, Block | None] = {name: one.block for name, one in found(config).items()}
    wanted = {name: one for name, one in (blocks | dict(changes)).items() if one is not None}
    return merged(config, wanted, clean=clean)


def reload(admin: Admin) -> None:
    """Has Caddy load what it runs once more: certificates and modules begin anew."""

    def once() -> None:
        loaded = admin.read()
        admin.replace(loaded.config, etag=loaded.etag, force=True)

    _until_it_counts(once)


def _until_it_counts(once: Callable[[], None]) -> None:
    """Again when somebody was faster, or when a load of theirs broke our connection off.

    Caddy's admin API begins anew with each load. Whether a broken request still counted shows
    when the configuration is read again.
    """
    for left in reversed(range(MAX_ATTEMPTS)):
        try:
            return once()
        except DriverError as error:
            if error.code not in _AGAIN or not left:
                raise
        time.sleep(_PAUSE_S)  # the admin API has nobody tell that it is back
