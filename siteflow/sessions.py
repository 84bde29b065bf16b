"""What an open socket's login may do, looked at again and again for all sockets of a process."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from siteflow.accounts.credentials import Credential
from sites.rights import NOWHERE, Reach, reach

logger = logging.getLogger(__name__)

CHECK_EVERY_S: Final = 4.0  # rights that were taken away end open sockets within five seconds
PING_EVERY_S: Final = 20.0
_LOOKS: Final = (
    "sites.view_host", "sites.view_site", "sites.view_container", "provisioning.view_operation",
    "sites.exec_container", "sites.open_terminal",
)  # fmt: skip


@dataclass(frozen=True)
class Rights:
    """What an account may see, as it was when last read: asking costs no look at the database."""

    user: User = field(compare=False)
    looks: Mapping[str, Reach]

    @classmethod
    def of(cls, user: User) -> Rights:
        return cls(user, {permission: reach(user, permission) for permission in _LOOKS})

    def sees(self, scope: Mapping[str, Any]) -> bool:
        """Whether a message about this may be sent; what is unknown may not."""
        found = self.looks.get(scope["permission"], NOWHERE)
        if "near" in scope:
            return found.touches(scope["near"])
        return found.covers(scope.get("host"), scope.get("site"))

    def may_look(self, permission: str) -> bool:
        return bool(self.looks.get(permission, NOWHERE))


class Watched(Protocol):
    """A socket, as the watch sees it. Neither call may wait: they are made for all sockets."""

    credential: Credential

    def rights_are(self, rights: Rights | None) -> None: ...
    def ping(self) -> None: ...


def read_rights(credential: Credential) -> Rights | None:
    """Whose it is, read anew; None when it ended, or the account may not come in any more."""
    user = credential.account()
    return None if user is None else Rights.of(user)


# Not in the one thread that all thread-sensitive code shares: a slow action would hold up others.
rights_of = database_sync_to_async(read_rights, thread_sensitive=False)


class Watch:
    """One task for all sockets of an event loop: rights every few seconds, a ping now and then.

    Sockets of one credential are checked by one look at the database.
    """

    def __init__(self) -> None:
        self._ping_at: dict[Watched, float] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, socket: Watched) -> None:
        # The first pings are spread, so that sockets that came at once are not pinged at once.
        self._ping_at[socket] = _now() + PING_EVERY_S * random.uniform(0.5, 1)  # noqa: S311
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def remove(self, socket: Watched) -> None:
        self._ping_at.pop(socket, None)

    async def check(self) -> None:
        """Looks at each credential once and tells its sockets."""
        sockets: dict[Credential, list[Watched]] = {}
        for socket in self._ping_at:
            sockets.setdefault(socket.credential, []).append(socket)
        for credential, members in sockets.items():
            try:
                rights = await rights_of(credential)
            except Exception:  # the database is away: what was known counts until it is back
                logger.warning("The rights of open sockets cannot be read", exc_info=True)
                return
            for socket in members:
                socket.rights_are(rights)

    async def _run(self) -> None:
        checked_at = _now()
        while self._ping_at:
            await asyncio.sleep(0.5)
            self._ping(_now())
            if _now() - checked_at >= CHECK_EVERY_S:
                checked_at = _now()
                await self.check()

    def _ping(self, now: float) -> None:
        for socket, due in list(self._ping_at.items()):
            if due <= now:
                self._ping_at[socket] = now + PING_EVERY_S
                socket.ping()


def _now() -> float:
    return asyncio.get_running_loop().time()


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def watch_of_this_loop() -> Watch:
    return _watches.setdefault(asyncio.get_running_loop(), Watch())
