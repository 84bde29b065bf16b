"""A terminal of this machine: a shell of the account that SiteFlow runs as."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import select
import signal
import struct
import subprocess
import termios
import threading
from pathlib import Path
from typing import Final

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.terminal import TERM, check_size

_SEND_S: Final = 10.0
_GRACE_S: Final = 1.0
# Of SiteFlow's own environment, which holds its keys, nothing else is handed on.
_HANDED_ON: Final = ("PATH", "LANG", "TZ")


class LocalTerminal:
    """Terminal over a pseudo-terminal (pty(7))."""

    exec_id = ""

    def __init__(self, who: str, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        self._who = who
        self._closing = threading.Lock()
        # A descriptor that is closed while somebody uses it may be another file's by then.
        self._reading, self._sending = threading.Lock(), threading.Lock()
        self._closed = False
        self._master, theirs = os.openpty()
        try:
            os.set_blocking(self._master, False)
            _set_size(self._master, cols=cols, rows=rows)
            self._process = _shell(theirs)
        except OSError as error:
            os.close(self._master)
            reason = error.strerror or "cannot be started"
            raise DriverError(f"{who}: the shell: {reason}", "command_failed") from None
        finally:
            os.close(theirs)

    def send(self, data: bytes) -> None:
        with self._sending:
            self._send(data)

    def _send(self, data: bytes) -> None:
        deadline = Deadline(_SEND_S)
        rest = memoryview(data)
        while rest and not self._closed:
            try:
                rest = rest[os.write(self._master, rest) :]
            except BlockingIOError:
                if not select.select([], [self._master], [], deadline.within(0.5))[1]:
                    self._still_in_time(deadline)
            except OSError:
                raise DriverError(f"{self._who}: the terminal has ended", "link_lost") from None

    def _still_in_time(self, deadline: Deadline) -> None:
        if deadline.passed():
            raise DriverError(f"{self._who}: the process takes no input", "timeout")

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        with self._reading:
            return b"" if self._closed else self._recv(size, timeout_s)

    def _recv(self, size: int, timeout_s: float) -> bytes:
        try:
            if not select.select([self._master], [], [], timeout_s)[0]:
                raise TimeoutError
            return os.read(self._master, size)
        except BlockingIOError:
            raise TimeoutError from None
        except TimeoutError:
            raise
        except OSError as error:
            if error.errno == errno.EIO:
                return b""  # nobody holds the other side any more
            raise

    def resize(self, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        with self._sending, contextlib.suppress(OSError):
            if not self._closed:
                _set_size(self._master, cols=cols, rows=rows)

    def exit_code(self) -> int | None:
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def answers(self) -> bool:
        return True

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._end_session()
        with self._reading, self._sending:
            os.close(self._master)

    def end(self) -> bool:
        return self._process.poll() is not None

    def _end_session(self) -> None:
        for number in (signal.SIGHUP, signal.SIGKILL):
            for pid in _session(self._process.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)


def _shell(theirs: int) -> subprocess.Popen[bytes]:
    account = pwd.getpwuid(os.getuid())
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    environment |= {
        "TERM": TERM,
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": account.pw_shell or "/bin/sh",
    }
    # setsid gives the new session its terminal, which cannot be done safely after a fork here.
    return subprocess.Popen(  # noqa: S603 - an argv, never a shell's text
        ("setsid", "--ctty", environment["SHELL"], "-l"),  # noqa: S607
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        cwd=account.pw_dir if os.access(account.pw_dir, os.X_OK) else "/",
    )


def _set_size(descriptor: int, *, cols: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


def _session(leader: int) -> list[int]:
    """All processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(pid := int(entry.name)) == leader:
                    found.append(pid)
    return found
