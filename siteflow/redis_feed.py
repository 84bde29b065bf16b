"""The channel layer by Redis pub/sub, made to say when messages may have been missed.

channels_redis subscribes again after a lost connection, but tells nobody that there was a gap.
Redis confirms every subscription; a second confirmation of the same one means just that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from channels_redis.utils import _wrap_close, decode_hosts
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

RECEIVE_TIMEOUT_S: Final = 1.0
RETRY_S: Final = 1.0


class RedisFeedLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """Takes the settings of its parent. ``on_gap`` is the same as FeedLayer's."""

    def _get_layer(self) -> _LoopLayer:
        loop = asyncio.get_running_loop()
        layer: _LoopLayer | None = self._layers.get(loop)
        if layer is None:
            layer = self._layers[loop] = _LoopLayer(*self._args, channel_layer=self, **self._kwargs)
            _wrap_close(self, loop)
        return layer


class _LoopLayer(RedisPubSubLoopLayer):  # type: ignore[misc]
    def __init__(self, hosts: list[Any] | None = None, **options: Any) -> None:
        super().__init__(hosts=hosts, **options)
        self._shards = [_Shard(host, self) for host in decode_hosts(hosts)]
        self._gap_watchers: dict[object, Callable[[], None]] = {}

    def on_gap(self, callback: Callable[[], None]) -> Callable[[], None]:
        key = object()
        self._gap_watchers[key] = callback

        def end() -> None:
            self._gap_watchers.pop(key, None)

        return end

    def missed(self) -> None:
        for callback in list(self._gap_watchers.values()):
            callback()

    async def _subscribe_to_channel(self, channel: str) -> None:
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)  # else every attempt would leave a queue behind
            raise


class _Shard(RedisSingleShardConnection):  # type: ignore[misc]
    def __init__(self, host: dict[str, Any], channel_layer: _LoopLayer) -> None:
        super().__init__(host, channel_layer)
        self._confirmed: dict[str, asyncio.Event] = {}

    async def subscribe(self, channel: str) -> None:
        """Returns when Redis has confirmed it: what is published after that arrives."""
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        try:
            await super().subscribe(channel)
            await confirmed.wait()
        except BaseException:
            self._confirmed.pop(channel, None)
            raise

    async def unsubscribe(self, channel: str) -> None:
        self._confirmed.pop(channel, None)
        await super().unsubscribe(channel)

    async def flush(self) -> None:
        self._confirmed.clear()
        await super().flush()

    def _ensure_redis(self) -> None:
        is_new = self._redis is None
        super()._ensure_redis()
        if is_new:
            self._pubsub = _PubSub(self._redis.connection_pool, self._on_confirmation)

    def _on_confirmation(self, channel: str) -> None:
        confirmed = self._confirmed.get(channel)
        if confirmed is not None and confirmed.is_set():
            self.channel_layer.missed()
        elif confirmed is not None:
            confirmed.set()

    async def _do_receiving(self) -> None:
        """As the parent's, but one line when the connection is lost instead of one a second."""
        failing = False
        while True:
            try:
                await self._receive_one()
            except (RedisError, OSError) as error:
                if not failing:
                    logger.warning("Redis cannot be reached, trying again: %s", error)
                failing = True
                await asyncio.sleep(RETRY_S)
            else:
                failing = False

    async def _receive_one(self) -> None:
        if self._pubsub and self._pubsub.subscribed:
            self._receive_message(
                await self._pubsub.get_message(
                    ignore_subscribe_messages=True, timeout=RECEIVE_TIMEOUT_S
                )
            )
        else:
            await asyncio.sleep(0.1)


class _PubSub(PubSub):
    def __init__(self, connection_pool: Any, on_confirmation: Callable[[str], None]) -> None:
        super().__init__(connection_pool)
        self._on_confirmation = on_confirmation

    async def handle_message(self, response: Any, ignore_subscribe_messages: bool = False) -> Any:
        if isinstance(response, list) and response[0] in (b"subscribe", "subscribe"):
            name = response[1]
            self._on_confirmation(name.decode() if isinstance(name, bytes) else name)
        return await super().handle_message(  # type: ignore[no-untyped-call]
            response, ignore_subscribe_messages
        )
