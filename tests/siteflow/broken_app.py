"""The console, and addresses at which an application fails as ours never should."""

from __future__ import annotations

from typing import Any

from siteflow.asgi import application as console


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
    await console(scope, receive, send)
