"""Looking on at somebody else's terminal: what its recording holds, as it grows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from channels.db import database_sync_to_async

from provisioning.terminals.models import TerminalSession
from provisioning.terminals.watching import News, begin, leave, news
from siteflow.frames import BadFrame, Ping, Pong
from siteflow.own_thread import in_own_thread
from siteflow.sessions import Rights
from siteflow.socket import FORBIDDEN, Socket
from siteflow.sockets.terminal_frames import parse

NORMAL: Final = 1000
TURN_S: Final = 0.5
_in_thread = database_sync_to_async
_READ_ONLY: Final = "You are looking on: nothing you type gets there."


class WatchSocket(Socket):
    """Binary frames are what is shown. The one at the terminal is told who looks on."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self._key: int = scope["url_route"]["kwargs"]["key"]
        self._row: TerminalSession | None = None
        self._watcher = 0

    async def begin(self) -> None:
        user = self.rights.user
        self._row, self._watcher = await _in_thread(begin, thread_sensitive=False)(self._key, user)
        row = self._row
        await self.say({"type": "watching", "session": row.pk, "who": row.user_name,
                        "cols": row.cols, "rows": row.rows, "since": row.started_at})  # fmt: skip
        self.background(self._follow, row)

    async def handle(self, event: dict[str, Any]) -> None:
        try:
            frame = parse(event.get("text"))
        except BadFrame:  # whatever it is, it would not get there
            return await self.refuse_frame(BadFrame(_READ_ONLY, "read_only"))
        if isinstance(frame, Ping):
            await self.say({"type": "pong", "at": datetime.now(UTC)}, frame.id)
        elif not isinstance(frame, Pong):
            await self.refuse_frame(BadFrame(_READ_ONLY, "read_only"))

    async def _follow(self, row: TerminalSession) -> None:
        seen = -1
        while True:
            told: News = await _in_thread(news, thread_sensitive=False)(row, seen, self._watcher)
            seen = told.seen
            for kind, text in told.events:
                await self._pass_on(kind, text)
            if told.is_over:
                await self.say({"type": "ended", "why": told.why, "exit_code": told.exit_code})
                return await self.close(NORMAL)
            if not told.events:
                await asyncio.sleep(TURN_S)

    async def _pass_on(self, kind: str, text: str) -> None:
        if kind == "o":
            await self.send_bytes(text.encode())
        elif kind == "r":
            cols, _, rows = text.partition("x")
            await self.say({"type": "resize", "cols": int(cols), "rows": int(rows)})
        else:
            await self.say({"type": "notice", "code": "recording", "message": text,
                            "timestamp": datetime.now(UTC)})  # fmt: skip

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        if self._row is not None and not self._row.is_open_to(rights.looks):
            message = "You may not look on at this terminal any more."
            self.background(self.end, "forbidden", message, FORBIDDEN)

    def ended(self) -> None:
        if self._watcher:
            # A task of the socket's own would end with it.
            asyncio.get_running_loop().create_task(in_own_thread(leave, self._watcher))
