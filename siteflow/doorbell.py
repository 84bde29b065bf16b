"""How the queue's readers learn at once that something was put in: a bell, or a list in Redis.

A lost ring costs no more than the wait's time-out, as the reader then looks by itself.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Final, Protocol

import redis

from siteflow.bell import Bell, Listener

logger = logging.getLogger(__name__)

RING_TIMEOUT_S: Final = 0.5
MUTE_S: Final = 5.0  # after a failed ring, so that a dead Redis does not slow every caller
RINGS_KEPT: Final = 100


class Doorbell(Protocol):
    """One queue's bell. Both methods never raise."""

    def ring(self) -> None: ...
    def wait(self, *, timeout_s: float) -> None: ...


class LocalDoorbell:
    """All readers on this machine wake up; whoever claims the row first has it."""

    def __init__(self, folder: Path) -> None:
        self._bell = Bell(folder)
        self._listener: Listener | None = None
        self._deaf = _Deafness()

    def ring(self) -> None:
        self._bell.ring()

    def wait(self, *, timeout_s: float) -> None:
        """The first wait only begins to listen: what was put in before it must be looked for."""
        try:
            if self._listener is None or not self._listener.is_reachable():
                self._listener = self._bell.listen()
            else:
                self._listener.wait(timeout_s=timeout_s)
        except OSError as error:
            self._deaf.say(error)
            time.sleep(timeout_s)  # without a bell, the queue is looked at this often
        else:
            self._deaf.over()


class RedisDoorbell:
    """One waiting reader wakes per ring, on whichever machine it is."""

    def __init__(self, *, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._ringer = redis.Redis.from_url(
            url, socket_timeout=RING_TIMEOUT_S, socket_connect_timeout=RING_TIMEOUT_S, retry=None
        )
        self._waiter: redis.Redis | None = None
        self._muted_until = 0.0
        self._deaf = _Deafness()

    def ring(self) -> None:
        if time.monotonic() < self._muted_until:
            return
        try:
            with self._ringer.pipeline(transaction=False) as pipe:
                pipe.rpush(self._key, 1)
                pipe.ltrim(self._key, -RINGS_KEPT, -1)
                pipe.execute()
        except redis.RedisError as error:
            self._muted_until = time.monotonic() + MUTE_S
            logger.warning("The queue's bell was not rung, it will be polled: %s", error)

    def wait(self, *, timeout_s: float) -> None:
        started = time.monotonic()
        try:
            self._waiting(timeout_s).blpop([self._key], timeout=timeout_s)
        except redis.RedisError as error:
            self._deaf.say(error)
            rest_s = max(0.0, timeout_s - (time.monotonic() - started))
            time.sleep(rest_s)  # without Redis, the queue is looked at this often
        else:
            self._deaf.over()

    def _waiting(self, timeout_s: float) -> redis.Redis:
        if self._waiter is None:
            self._waiter = redis.Redis.from_url(
                self._url,
                socket_timeout=timeout_s + 2,
                socket_connect_timeout=RING_TIMEOUT_S,
                retry=None,
            )
        return self._waiter


class _Deafness:
    """One line when it begins, not one per wait."""

    def __init__(self) -> None:
        self._said = False

    def say(self, error: Exception) -> None:
        if not self._said:
            logger.warning("The queue is polled, its bell cannot be heard: %s", error)
        self._said = True

    def over(self) -> None:
        self._said = False
