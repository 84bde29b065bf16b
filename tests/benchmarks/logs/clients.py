"""Clients of logs for benchmarks: one that counts a flood, and many that check every number."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from tests.stack import Client


@dataclass
class Seen:
    """What one client got of lines that begin with their number."""

    numbers: int = 0
    next: int = -1
    wrong: list[str] = field(default_factory=list)
    skipped: int = 0
    cursor: str = ""
    bytes: int = 0
    connects: int = 0

    def take(self, lines: list[list[Any]]) -> None:
        for at, nth, _, text, *_ in lines:
            number = int(text[:9])
            if self.next not in (-1, number):
                self.wrong.append(f"{number} instead of {self.next}")
            self.next = number + 1
            self.bytes += len(text) + 1
            self.cursor = f"{at}~{nth}" if nth else at
        self.numbers += len(lines)


class Follower:
    """Follows one container until ``last`` was seen; comes back by its cursor after a cut."""

    def __init__(self, client: Client, container: int, *, query: str = "tail=0") -> None:
        cookies = "; ".join(f"{one.name}={one.value}" for one in client.session.cookies)
        self._headers = {"Cookie": cookies}
        self._origin = Origin(client.url)
        self._url = f"{client.url.replace('http', 'ws')}/ws/containers/{container}/logs?{query}"
        self.seen = Seen()
        self.live = asyncio.Event()
        self.done_at = 0.0

    async def run(self, *, last: int) -> None:
        while self.seen.next <= last:
            try:
                await self._once(last)
            except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                await asyncio.sleep(0.2 + 0.002 * (id(self) % 1000))  # as browsers: not all at once
        self.done_at = time.monotonic()

    async def _once(self, last: int) -> None:
        after = f"&after={self.seen.cursor}" if self.seen.cursor else ""
        async with connect(
            self._url + after, additional_headers=self._headers, origin=self._origin,
            max_size=None, open_timeout=60, ping_interval=None, compression=None,
        ) as socket:  # fmt: skip
            self.seen.connects += 1
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "lines":
                    self.seen.take(message["lines"])
                    if self.seen.next > last:
                        return
                elif message["type"] == "live":
                    self.live.set()
                elif message["type"] in ("skipped", "gap"):
                    self.seen.skipped += message.get("lines", 1)
