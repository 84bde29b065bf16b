"""Tell everybody who watches. A push is a hint: it may get lost, and then clients read the truth.

``publish`` is called after the commit (``transaction.on_commit``) from any thread or process. One
thread per process owns the way out, so a caller never waits for it and never fails because of it.
Messages of one process arrive in the order of their publication.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Required, TypedDict

from channels.layers import get_channel_layer
from django.core.serializers.json import DjangoJSONEncoder

logger = logging.getLogger(__name__)

GROUP: Final = "feed"
BACKLOG_LIMIT: Final = 10_000  # messages; beyond it all are given up and clients look again
SEND_TIMEOUT_S: Final = 5.0
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
EXIT_FLUSH_S: Final = 10.0  # as long as sending works; if it fails, the process ends at once
CLOSE_S: Final = 1.0
# Sent before anything else after messages were given up: whoever watches must read anew.
GAP: Final[dict[str, Any]] = {"type": "feed", "topics": [], "text": "", "scope": None, "gap": True}


# Of a message, the topic and the message that follow from it.
Follow = Callable[[Mapping[str, Any]], tuple[str, Mapping[str, Any]]]


class Scope(TypedDict, total=False):
    """What must be held to get a message, and for what: a host's or a site's key.

    ``near`` is a host: the message is for whoever may see anything on it. ``event`` says which
    kind of events it tells of, for sockets that show some only; it decides no rights.
    """

    permission: Required[str]
    host: int | None
    site: int | None
    near: int
    event: str


# What else is told when something is, by the type of its message: of the same scope.
FOLLOWING: Final[dict[str, Follow]] = {}


def publish(
    topics: Sequence[str],
    message: Mapping[str, Any],
    *,
    scope: Scope | None = None,
) -> None:
    """Push ``message`` to all subscribers of any of ``topics``; never waits, never raises.

    ``scope`` says what the message is about: a subscriber who may not see that is passed over.
    None is for messages that every subscriber of the topic may see.
    """
    _put(topics, message, scope)
    if follow := FOLLOWING.get(message.get("type", "")):
        try:
            told = follow(message)
        except Exception:  # whatever it is, what it follows from is told already
            logger.exception("What follows from %s cannot be told", message["type"])
            _publisher.put(GAP)
        else:
            _put([told[0]], told[1], scope)


def _put(topics: Sequence[str], message: Mapping[str, Any], scope: Scope | None) -> None:
    try:
        text = encode(message)
    except (TypeError, ValueError):
        logger.exception("A live message on %s cannot be written as JSON", ", ".join(topics))
        _publisher.put(GAP)
        return
    _publisher.put(
        {
            "type": "feed",
            "topics": list(topics),
            "text": text,
            "scope": scope,
        }
    )


def flush(*, timeout_s: float = 2.0) -> bool:
    """Wait until everything published here is on its way; False if that took too long.

    For the end of short commands. Not from an event loop's thread: it blocks.
    """
    return _publisher.flush(timeout_s=timeout_s)


def encode(message: Mapping[str, Any]) -> str:
    """The JSON text that clients get. Times in UTC; NaN is an error, as browsers refuse it."""
    return json.dumps(
        message, cls=_Encoder, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, datetime) and o.tzinfo is not None:
            o = o.astimezone(UTC)
        return super().default(o)


class Publisher:
    """A bounded backlog and the thread that empties it through the channel layer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._backlog: deque[dict[str, Any]] = deque()
        self._lost = False
        self._sending = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._failures = 0

    def put(self, envelope: dict[str, Any]) -> None:
        with self._changed:
            if len(self._backlog) >= BACKLOG_LIMIT:
                self._backlog.clear()
                self._lost = True
            self._backlog.append(envelope)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, *, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(self._idle, timeout_s)

    def stop(self, *, timeout_s: float) -> None:
        """Send what is left, unless that fails or takes too long, and close the connections."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle() or self._failures, timeout_s)
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _idle(self) -> bool:
        return not (self._backlog or self._sending or self._lost)

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            while batch := self._take():
                loop.run_until_complete(self._send(batch))
        finally:
            loop.close()

    def _take(self) -> list[dict[str, Any]]:
        """What there is to send, after a pause if the last attempt failed; empty at the end."""
        with self._changed:
            self._sending = False
            self._changed.notify_all()
            if self._failures:
                pause_s = RETRY_S[min(self._failures, len(RETRY_S)) - 1]
                self._changed.wait_for(lambda: self._stopping, pause_s)
            self._changed.wait_for(lambda: self._stopping or not self._idle())
            if self._stopping:
                return []
            batch = [GAP, *self._backlog] if self._lost else list(self._backlog)
            self._backlog.clear()
            self._lost, self._sending = False, True
            return batch

    async def _send(self, batch: Sequence[dict[str, Any]]) -> None:
        try:
            layer = get_channel_layer()
            for envelope in batch if layer else ():
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await layer.group_send(GROUP, envelope)
        except Exception as error:  # whatever it is, it must not end the process's only way out
            self._failed(error)
        else:
            self._recovered()

    def _failed(self, error: Exception) -> None:
        with self._changed:
            self._lost = True
            self._failures += 1
            self._changed.notify_all()
        if self._failures == 1:
            logger.warning("Live messages cannot be sent; retrying: %s", error or repr(error))

    def _recovered(self) -> None:
        if self._failures:
            self._failures = 0
            logger.warning("Live messages are sent again")


_publisher = Publisher()


def _after_fork() -> None:
    """A child has its parent's backlog but not the thread; the parent sends its own."""
    global _publisher
    _publisher = Publisher()


def _at_exit() -> None:
    _publisher.stop(timeout_s=EXIT_FLUSH_S)


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
