"""The sockets of terminals: in a container, on a host, and looking on at somebody else's."""

from __future__ import annotations

import asyncio
import concurrent.futures
from datetime import UTC, datetime
from typing import Any, Final

from audit.record import Actor
from provisioning.terminals.beginning import Wanted
from provisioning.terminals.models import TerminalSession
from provisioning.terminals.opening import look_at, open_in, refusal_on_record
from provisioning.terminals.running import End, Run
from siteflow.errors import Problem
from siteflow.frames import BadFrame, Ping
from siteflow.limits import spend_change
from siteflow.own_thread import in_own_thread
from siteflow.sessions import Rights
from siteflow.socket import FORBIDDEN, Socket, error_of
from siteflow.sockets.terminal_frames import (
    Close,
    Confirm,
    Frame,
    Resize,
    Signal,
    Start,
    parse,
    typed,
)

NORMAL: Final = 1000
_NOT_TAKEN: Final = "The process takes no input at the moment; this was thrown away."


class TerminalSocket(Socket):
    """One process per socket. ``kind`` says of what the number in the address is."""

    kind = "container"

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self._key: int = scope["url_route"]["kwargs"]["key"]
        self._loop = asyncio.get_running_loop()
        self._run: Run | None = None
        self._row: TerminalSession | None = None
        self._starting = False
        self._gone = False
        self._shown: concurrent.futures.Future[None] | None = None

    async def begin(self) -> None:
        await in_own_thread(look_at, self.kind, self._key, user=self.rights.user)

    async def handle(self, event: dict[str, Any]) -> None:
        try:
            if (data := event.get("bytes")) is not None:
                self._type(typed(data))
            else:
                await self._obey(parse(event.get("text")))
        except BadFrame as error:
            await self.refuse_frame(error)

    async def _obey(self, frame: Frame) -> None:
        match frame:
            case Start():
                await self._start(frame)
            case Ping():
                await self.say({"type": "pong", "at": datetime.now(UTC)}, frame.id)
            case Resize():
                self._running().resize(cols=frame.cols, rows=frame.rows)
            case Signal():
                self._running().signal(frame.name)
            case Confirm():
                self._running().confirm(frame.size)
            case Close():
                await self._leave()

    def _running(self) -> Run:
        if self._run is None:
            raise BadFrame("Nothing runs here yet; send start.", "not_started", "type")
        return self._run

    def _type(self, data: bytes) -> None:
        if not self._running().type(data):
            self.tell("input_thrown_away", _NOT_TAKEN)

    async def _start(self, frame: Start) -> None:
        if self._starting:
            raise BadFrame("There is one process per socket.", "already_started", "type")
        self._starting = True
        if await self.still_logged_in():
            # Not waited for: a host that does not answer must not keep what the client says.
            self.background(self._open, frame)

    async def _open(self, frame: Start) -> None:
        self.scope["user"] = self.rights.user
        actor = Actor.of_scope(self.scope)
        try:
            await in_own_thread(self._opened_in_thread, frame, actor)
        except Exception as error:  # told to the client
            problem = self.problem(error)
            if problem.status == 403:
                await in_own_thread(refusal_on_record, self.kind, self._key, actor, problem.message)
            await self.end_by(problem)

    def _opened_in_thread(self, frame: Start, actor: Actor) -> None:
        """To its end whatever becomes of the socket meanwhile: what is opened has to be closed."""
        spend_change(self.rights.user.pk)
        wanted = Wanted(
            argv=tuple(frame.command or ()), user=frame.user, workdir=frame.workdir,
            tty=frame.tty, cols=frame.cols, rows=frame.rows,
        )  # fmt: skip
        opened = open_in(
            self.kind, self._key, user=self.rights.user, actor=actor, wanted=wanted,
            is_wanted=lambda: not self._gone,
        )  # fmt: skip
        row = opened.row
        run = Run(row, opened.terminal, opened.host, self, confirms=frame.confirms)
        self._row, self._run = row, run
        if self._gone:
            run.stop("left")
        started = {"type": "started", "session": row.pk, "shell": opened.shell}
        self._later(self.say({**started, "strict": row.strict}))
        run.start()

    async def _leave(self) -> None:
        if self._run is None:
            return await self.close(NORMAL)
        self._run.stop("closed")

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        if self._row is not None and not self._row.is_open_to(rights.looks):
            message = "You may not have this terminal open any more."
            self.background(self._end_now, "forbidden", message)

    async def _end_now(self, code: str, message: str) -> None:
        if self._run is not None:
            self._run.stop(code, message)
        await self.end(code, message, FORBIDDEN)

    def ended(self) -> None:
        self._gone = True
        self.gone()
        if self._run is not None:
            self._run.stop("left")

    # -- called from the terminal's threads ------------------------------------------------

    def show(self, data: bytes) -> None:
        if self._gone:
            return
        self._shown = self._later(self.send_bytes(data))
        while not self._gone:
            try:
                return self._shown.result(timeout=1.0)
            except concurrent.futures.TimeoutError:
                continue  # a slow client: whoever reads waits with it
            except (concurrent.futures.CancelledError, Exception):
                return  # the client is gone, as the socket will notice

    def gone(self) -> None:
        if (shown := self._shown) is not None:
            shown.cancel()

    def tell(self, code: str, message: str, **more: object) -> None:
        self._later(self.say({"type": "notice", "code": code, "message": message, **more}))

    def over(self, end: End) -> None:
        self._later(self._over(end))

    async def _over(self, end: End) -> None:
        if end.why not in ("exited", "closed", "left"):
            problem = Problem(403, end.why, end.message)
            await self.say({**error_of(problem), "fatal": True})
        await self.say({"type": "ended", "exit_code": end.exit_code, "why": end.why})
        await self.close(NORMAL)

    def _later(self, work: Any) -> concurrent.futures.Future[None]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop has ended, and with it the process
            work.close()
            failed: concurrent.futures.Future[None] = concurrent.futures.Future()
            failed.cancel()
            return failed


class HostTerminalSocket(TerminalSocket):
    kind = "host"
