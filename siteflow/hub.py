"""One subscription to the feed per web process, fanned out to its sockets in memory.

A message is encoded once, by its publisher, and the same text goes to every client. Nothing here
reads the database. A client that cannot keep up, or that may have missed something, is told to
read the truth again instead of being left wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

from siteflow.parcels import Parcel

logger = logging.getLogger(__name__)

GROUP: Final = "feed"
QUEUE_LIMIT: Final = 256  # messages
JOIN_WAIT_S: Final = 1.0
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
MESSAGES_AT_ONCE: Final = 64  # then the clients have their turn to send them
DELIVERIES_AT_ONCE: Final = 2000  # then everything else in this process has its turn

Scope = Mapping[str, Any]


def nothing(scope: Scope) -> bool:
    """What a client sees before it is known what it may see."""
    return False


class Client:
    """One socket's place in the hub: what can be sent at once is, the rest waits in a queue.

    ``sees`` decides from a message's scope whether this client may have it; it is asked for every
    message that has a scope and must not read the database. ``write`` sends a parcel if that needs
    no waiting and says whether it did; without it everything waits for ``next``.
    """

    def __init__(
        self,
        *,
        sees: Callable[[Scope], bool],
        write: Callable[[Parcel], bool] | None = None,
        limit: int = QUEUE_LIMIT,
    ) -> None:
        self.sees = sees
        self.behind = False
        self._write = write
        self._limit = limit
        self._waiting: deque[Parcel | None] = deque()
        self._some = asyncio.Event()
        self._is_sending = False  # what ``next`` gave, until it is asked again

    async def next(self) -> str | None:
        """The next text to send as it is; None: say that it is behind and send a new snapshot.

        Ask again only when that is sent: until then nothing is sent at once.
        """
        self._is_sending = False
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        parcel = self._waiting.popleft()
        self._is_sending = True
        if parcel is None:
            self.behind = False
            return None
        return parcel.text

    def put(self, text: str) -> None:
        self.give(Parcel(text))

    def give(self, parcel: Parcel) -> None:
        """Nothing overtakes what waits."""
        if not self._waiting and not self._is_sending and self._written(parcel):
            return
        if len(self._waiting) >= self._limit:
            self.mark_behind()
        self._waiting.append(parcel)
        self._some.set()

    def _written(self, parcel: Parcel) -> bool:
        try:
            return self._write is not None and self._write(parcel)
        except Exception:  # this client's alone; whoever waits for it meets the same
            logger.debug("A socket cannot be written to", exc_info=True)
            return False

    def mark_behind(self) -> None:
        """Drop what waits: the snapshot that follows will be newer."""
        self._waiting.clear()
        self._waiting.append(None)
        self._some.set()
        self.behind = True


class Hub:
    """Who listens to which topic in one event loop. Use ``hub_of_this_loop()``."""

    def __init__(self) -> None:
        self._clients: dict[str, dict[Client, None]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._joined = asyncio.Event()
        self._may_have_missed = False

    async def subscribe(self, topics: Iterable[str], client: Client) -> None:
        """From the return on, what is published on ``topics`` reaches ``client``.

        Read the snapshot after this, never before. When the feed is out of order this returns all
        the same, after a second; the client is marked as behind once it works.
        """
        for topic in topics:
            self._clients.setdefault(topic, {})[client] = None
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_on())
        try:
            async with asyncio.timeout(JOIN_WAIT_S):
                await self._joined.wait()
        except TimeoutError:
            self._may_have_missed = True

    def unsubscribe(self, topics: Iterable[str], client: Client) -> None:
        for topic in topics:
            members = self._clients.get(topic, {})
            members.pop(client, None)
            if not members:
                self._clients.pop(topic, None)

    def remove(self, client: Client) -> None:
        """The client is gone: end all its subscriptions."""
        self.unsubscribe(list(self._clients), client)

    def topics(self) -> list[str]:
        """Those that somebody listens to."""
        return list(self._clients)

    def mark_all_behind(self) -> None:
        for client in {c: None for members in self._clients.values() for c in members}:
            client.mark_behind()

    async def close(self) -> None:
        """Stop reading; the clients keep their place."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None

    async def _read_on(self) -> None:
        failures = 0
        while True:
            try:
                async with _joined_channel(self.mark_all_behind) as (layer, channel):
                    self._on_joined(after_failures=failures)
                    failures = 0
                    await self._read(layer, channel)
            except Exception as error:  # the layer's: a lost Redis, a full disk
                failures += 1
                if failures == 1:
                    logger.warning("The live feed is out of order: %s", error or repr(error))
            self._joined.clear()
            self._may_have_missed = True
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S)) - 1])

    def _on_joined(self, *, after_failures: int) -> None:
        self._joined.set()
        if self._may_have_missed:
            self._may_have_missed = False
            self.mark_all_behind()
        if after_failures:
            logger.warning("The live feed works again")

    async def _read(self, layer: Any, channel: str) -> None:
        messages = deliveries = 0
        while True:
            deliveries += self._fan_out(await layer.receive(channel))
            messages += 1
            if messages >= MESSAGES_AT_ONCE or deliveries >= DELIVERIES_AT_ONCE:
                messages = deliveries = 0
                await asyncio.sleep(0)

    def _fan_out(self, message: Mapping[str, Any]) -> int:
        """How many clients were asked. No task is woken for those that can be sent to at once."""
        if message.get("gap"):
            self.mark_all_behind()
            return 0
        parcel, scope = Parcel(message["text"]), message["scope"]
        # a dict: whoever listens to two of the topics gets the message once
        clients = {c: None for t in message["topics"] for c in self._clients.get(t, ())}
        for client in clients:
            if scope is None or _sees(client, scope):
                client.give(parcel)
        return len(clients)


@asynccontextmanager
async def _joined_channel(missed: Callable[[], None]) -> AsyncIterator[tuple[Any, str]]:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    end_watching = layer.on_gap(missed) if hasattr(layer, "on_gap") else lambda: None
    try:
        await layer.group_add(GROUP, channel)
        yield layer, channel
    finally:
        end_watching()
        with suppress(Exception):
            await layer.group_discard(GROUP, channel)


def _sees(client: Client, scope: Scope) -> bool:
    try:
        return client.sees(scope)
    except Exception:  # in doubt nothing is shown
        logger.exception("A client's view cannot be decided; the message is withheld")
        return False


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub_of_this_loop() -> Hub:
    """The hub that all sockets of the running event loop share."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
