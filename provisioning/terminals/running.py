"""A terminal while it is open: threads that read, write and look after it.

Nothing in here waits for the database while a key travels: what is typed and what is shown have
threads of their own, and a third one keeps recording, row and limits.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from django.conf import settings
from django.db import connections
from django.utils import timezone

from provisioning.drivers import exec_ending
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.terminal import Terminal
from provisioning.terminals import recording
from provisioning.terminals.ending import finish, process_ended
from provisioning.terminals.models import LEASE, TerminalSession, watchers_of
from provisioning.terminals.recording import Recorder

CHUNK: Final = 64 * 1024
WINDOW_BYTES: Final = 512 * 1024  # shown and not yet confirmed; then reading waits
MAX_TYPED: Final = 256  # messages that the process has not taken yet
TURN_S: Final = 0.5
LOOK_EVERY_S: Final = 2.0
ASK_EVERY_S: Final = 15.0  # whether a silent host is still there
WARNED_S: Final = 60.0
_STEP_S: Final = 1.0
_EXIT_S: Final = 2.0
_PAUSE_S: Final = 0.05


@dataclass(frozen=True)
class End:
    """How it ended: ``why`` is a word of `ending.py`, ``message`` says it to people."""

    why: str
    message: str = ""
    exit_code: int | None = None


class Screen(Protocol):
    """Who is in front of it. Called from our threads; only ``show`` may wait, until it is gone."""

    def show(self, data: bytes) -> None: ...
    def gone(self) -> None:
        """The end has begun: nothing waits in ``show`` any longer."""

    def tell(self, code: str, message: str, **more: object) -> None: ...
    def over(self, end: End) -> None: ...


class Run:
    """``stop`` and the process's own end lead to the same: once, and certainly."""

    def __init__(
        self,
        row: TerminalSession,
        terminal: Terminal,
        host: HostDriver,
        screen: Screen,
        *,
        confirms: bool = False,
    ) -> None:
        self.row = row
        self._terminal = terminal
        self._host = host
        self._screen = screen
        self._confirms = confirms  # whether the client says what has arrived
        self._end: End | None = None
        self._ending = threading.Lock()
        self._typed: queue.Queue[Callable[[], None]] = queue.Queue(MAX_TYPED)
        self._window = threading.Condition()
        self._unconfirmed = 0
        self._recorder = Recorder(limit_bytes=settings.RECORDING_MAX_MB << 20)
        self._wake = threading.Event()
        self._read_all = threading.Event()
        self._begun = self._touched = time.monotonic()
        self._warned = False
        self._piece = 1
        self._watchers: list[str] = []

    def start(self) -> None:
        for work, name in ((self._read, "read"), (self._write, "type"), (self._keep, "keep")):
            threading.Thread(target=work, name=f"terminal-{name}", daemon=True).start()

    # -- from the one in front of it, never waiting ----------------------------------------

    def type(self, data: bytes) -> bool:
        """False when so much waits to be taken that this is thrown away."""
        self._touched, self._warned = time.monotonic(), False
        self.row.bytes_in += len(data)
        return self._do(lambda: self._terminal.send(data))

    def resize(self, *, cols: int, rows: int) -> bool:
        self._recorder.resized(cols=cols, rows=rows)
        return self._do(lambda: self._terminal.resize(cols=cols, rows=rows))

    def signal(self, name: str) -> bool:
        row = self.row
        return self._do(
            lambda: exec_ending.send_signal(
                self._host, row.docker_id, row.exec_id, name, mark=row.mark, user=row.run_as
            )
        )

    def confirm(self, size: int) -> None:
        """So much more of what was shown has arrived."""
        with self._window:
            self._unconfirmed = max(0, self._unconfirmed - size)
            self._window.notify_all()

    def stop(self, why: str, message: str = "") -> None:
        """Ends it, whatever it does; the first reason counts."""
        with self._ending:
            if self._end is not None:
                return
            self._end = End(why, message)
        self._recorder.give_up("the terminal was closed")
        with self._window:
            self._window.notify_all()
        self._screen.gone()
        threading.Thread(target=self._terminal.close, name="terminal-close", daemon=True).start()
        self._wake.set()

    def _do(self, work: Callable[[], None]) -> bool:
        try:
            self._typed.put_nowait(work)
        except queue.Full:
            return False
        return True

    # -- the three threads -----------------------------------------------------------------

    def _read(self) -> None:
        end = End("exited")
        asked = time.monotonic()
        try:
            while self._end is None:
                try:
                    data = self._terminal.recv(CHUNK, timeout_s=_STEP_S)
                except TimeoutError:
                    if time.monotonic() - asked > ASK_EVERY_S:
                        asked = time.monotonic()
                        if not self._terminal.answers():
                            end = End("link_lost", "The connection to the host broke.")
                            break
                    continue
                if not data:
                    break
                self._show(data)
        except DriverError as error:
            end = End(error.code, error.message)
        finally:
            with self._ending:
                self._end = self._end or end
            self._read_all.set()
            self._wake.set()

    def _show(self, data: bytes) -> None:
        self.row.bytes_out += len(data)
        self._recorder.output(data)
        if self._recorder.has_piece():
            self._wake.set()
        if self._confirms:
            with self._window:
                self._window.wait_for(
                    lambda: self._unconfirmed < WINDOW_BYTES or self._end is not None
                )
                self._unconfirmed += len(data)
        self._screen.show(data)

    def _write(self) -> None:
        while not self._read_all.is_set():
            try:
                self._typed.get(timeout=_STEP_S)()
            except queue.Empty:
                continue
            except DriverError as error:
                if self._end is None:
                    self._screen.tell(error.code, error.message)

    def _keep(self) -> None:
        """Until the end, and then sees to the end itself."""
        looked = 0.0
        try:
            while not self._read_all.is_set():
                self._wake.wait(TURN_S)
                self._wake.clear()
                self._record()
                if time.monotonic() - looked > LOOK_EVERY_S:
                    looked = time.monotonic()
                    self._look()
                connections.close_all()
        finally:
            self._finish()
            connections.close_all()

    def _record(self) -> None:
        text = self._recorder.take()
        if not text or self.row.recording == self.row.Recording.FAILED:
            return
        try:
            recording.keep(self.row.pk, self._piece, text)
        except Exception as error:  # whatever it is: the policy decides what that means
            self._not_recorded(error)
            return
        self._piece += 1
        self.row.recorded_bytes += len(text)
        if self._recorder.is_full and self._end is None:
            self._cut()

    def _not_recorded(self, error: Exception) -> None:
        self.row.recording = self.row.Recording.FAILED
        self._recorder.give_up("the recording could not be written")
        if self.row.strict:
            self.stop("no_recording", "What is shown cannot be recorded any more, and must be.")
        else:
            self._screen.tell("not_recorded", "From here on, nothing is recorded: it failed.")

    def _cut(self) -> None:
        if self.row.recording == self.row.Recording.CUT:
            return
        self.row.recording = self.row.Recording.CUT
        message = f"The recording has reached {settings.RECORDING_MAX_MB} MB"
        if self.row.strict:
            self.stop("recording_full", f"{message}, and nothing may be shown without one.")
        else:
            self._screen.tell("recording_full", f"{message}; from here on nothing is recorded.")

    def _look(self) -> None:
        """The row is ours still, the limits hold, and who looks on is known."""
        now = timezone.now()
        try:
            ours = TerminalSession.objects.filter(pk=self.row.pk, ended_at=None).update(
                lease_until=now + LEASE,
                bytes_in=self.row.bytes_in,
                bytes_out=self.row.bytes_out,
            )
            watchers = watchers_of(self.row.pk, now=now)
        except Exception:  # the database is away; the lease bridges that for a while
            return
        if not ours:
            self.stop("lost", "This terminal was ended from elsewhere.")
        if watchers != self._watchers:
            self._watchers = watchers
            who = ", ".join(watchers)
            message = f"{who} looks on." if watchers else "Nobody looks on any more."
            self._screen.tell("watched", message, watchers=watchers)
        self._within_limits()

    def _within_limits(self) -> None:
        now = time.monotonic()
        idle_left = settings.TERMINAL_IDLE_S - (now - self._touched)
        left = settings.TERMINAL_MAX_S - (now - self._begun)
        if idle_left <= 0:
            self.stop("idle", f"Nothing was typed for {settings.TERMINAL_IDLE_S} seconds.")
        elif left <= 0:
            self.stop("too_long", f"It was open for {settings.TERMINAL_MAX_S} seconds.")
        elif min(idle_left, left) < WARNED_S and not self._warned:
            self._warned = True
            ends_in_s = round(min(idle_left, left))
            what = "Type something to keep it open" if idle_left < left else "Its time is up"
            self._screen.tell(
                "ends_soon", f"This terminal ends in {ends_in_s} seconds. {what}.",
                ends_in_s=ends_in_s,
            )  # fmt: skip

    # -- the end ---------------------------------------------------------------------------

    def _finish(self) -> None:
        end = self._end or End("exited")
        self._recorder.give_up("the end")
        is_gone, exit_code, error = self._process_end(end)
        end = End(end.why, end.message, exit_code)
        try:
            self._record_rest()
            finish(
                self.row, why=end.why, exit_code=exit_code, is_gone=is_gone,
                error=error or end.message,
            )  # fmt: skip
        except Exception:  # the monitor ends the row when its lease has run out
            end = End(end.why, end.message or "Its end is not on record yet.", exit_code)
        self._screen.over(end)

    def _process_end(self, end: End) -> tuple[bool, int | None, str]:
        """Whether it is gone for certain, its exit code if it ended by itself, and what failed."""
        try:
            exit_code = self._exit_code() if end.why == "exited" else None
            self._terminal.end()
            self._terminal.close()
            return process_ended(self.row, self._host), exit_code, ""
        except DriverError as error:
            self._terminal.close()
            return error.code == "not_found", None, error.message

    def _exit_code(self) -> int | None:
        """Its output ends a moment before the host knows of its end."""
        deadline = time.monotonic() + _EXIT_S
        while (code := self._terminal.exit_code()) is None and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)  # an exec has no wait of its own
        return code

    def _record_rest(self) -> None:
        if self._recorder.is_full and self.row.recording == self.row.Recording.WHOLE:
            self.row.recording = self.row.Recording.CUT
        text = self._recorder.take()
        if text and self.row.recording != self.row.Recording.FAILED:
            try:
                recording.keep(self.row.pk, self._piece, text)
                self.row.recorded_bytes += len(text)
            except Exception:  # the same as while it ran: it is told
                self.row.recording = self.row.Recording.FAILED
