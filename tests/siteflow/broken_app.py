"""The console, and addresses at which an application fails as ours never should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from siteflow.asgi import application as console
from siteflow.hub import hub_of_this_loop
from siteflow.parcels import WRITE_NOW, Parcel
from siteflow.sessions import watch_of_this_loop

POUR_MESSAGES: Final = 800
POUR_BYTES: Final = 64 * 1024
_POURED: Final[list[int]] = []


async def _pour(send: Any) -> None:
    """Far more than buffers of a connection hold, whether or not anybody takes it."""
    await send({"type": "websocket.accept"})
    for number in range(POUR_MESSAGES):
        data = number.to_bytes(4, "big") * (POUR_BYTES // 4)
        await send({"type": "websocket.send", "bytes": data})
        _POURED.append(number)
    await send({"type": "websocket.close"})


async def _strew(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Frames that are sent at once where they can be, between messages that wait."""
    await send({"type": "websocket.accept"})
    write_now = scope[WRITE_NOW]
    for number in range(POUR_MESSAGES):
        text = f"{number:4}" + "x" * POUR_BYTES
        if number % 3 == 0 or not write_now(Parcel(text).frame):
            await send({"type": "websocket.send", "text": text})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _left_behind() -> dict[str, int]:
    """What sockets take while they are open."""
    hub, watch = hub_of_this_loop(), watch_of_this_loop()
    return {
        "topics": len(hub.topics()),
        "watched": len(watch._ping_at),
        # This request's own aside, and those of the hub and the watch, which live on for a moment.
        "socket tasks": sum("Socket" in repr(task.get_coro()) for task in asyncio.all_tasks()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


_NUMBERS: Final[dict[str, Callable[[], Any]]] = {
    "/poured": lambda: len(_POURED),
    "/left-behind": _left_behind,
}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["path"] == "/fails":
        raise RuntimeError("before the answer")
    if scope["path"] == "/breaks":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("in the middle")
    if scope["path"] == "/listens":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["path"] == "/pours":
        await _pour(send)
        return
    if scope["path"] == "/strews":
        await _strew(scope, receive, send)
        return
    if scope["path"] in _NUMBERS:
        body = json.dumps(_NUMBERS[scope["path"]]()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
        return
    if scope["path"] == "/deaf":
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()
    await console(scope, receive, send)
