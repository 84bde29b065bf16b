"""Asks the matrix over sockets what it notices while checks are turned off."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.mutations.switch import switch
from tests.siteflow.matrix import listening
from tests.siteflow.matrix.visitors import Visitor
from tests.siteflow.matrix.world import World

_DEADLINE_S = 300


class OverSockets:
    """What sockets change is not rolled back: the database is a file, and is put back each time."""

    def __init__(self, world: World, visitors: Collection[Visitor], folder: Path) -> None:
        connection.close()
        self._world = world
        self._database = Path(str(settings.DATABASES["default"]["TEST"]["NAME"]))
        self._copy = folder / "before.sqlite3"
        shutil.copy(self._database, self._copy)
        self._met: set[str] = set()
        self._refused: dict[str, list[Visitor]] = defaultdict(list)
        self.broken: list[str] = []
        for visitor in visitors:
            switch.forget()
            self.broken += self._listened(visitor)
            self._met |= set(switch.met)
            for name in switch.refused():
                self._refused[name].append(visitor)

    def meets(self, check: str) -> bool:
        return check in self._met

    def wrong(self, *checks: str) -> str:
        heard = {one.name: one for check in checks for one in self._refused[check]}
        try:
            with switch.off(*checks):
                return next((one for who in heard.values() for one in self._listened(who)), "")
        finally:
            if heard:
                self._put_back()

    def _listened(self, visitor: Visitor) -> list[str]:
        async def limited() -> list[str]:
            async with asyncio.timeout(_DEADLINE_S):
                return [line async for line in listening.problems_of(self._world, visitor)]

        try:
            return asyncio.run(limited())
        except Exception as error:  # a socket that falls silent is noticed as well
            return [f"{visitor}: {error!r}"]

    def _put_back(self) -> None:
        connection.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{self._database}{suffix}").unlink(missing_ok=True)
        shutil.copy(self._copy, self._database)
