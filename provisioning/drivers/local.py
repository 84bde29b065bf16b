"""The machine SiteFlow itself runs on: its Docker socket and its commands."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

from provisioning.drivers.bytestream import ByteStream, SocketStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dial import LocalDialer
from provisioning.drivers.dockerd import Dockerd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.forward import check_tcp
from provisioning.drivers.host import DockerApi, Result
from provisioning.drivers.hostile import printable
from provisioning.drivers.lines import Lines, OnLine
from provisioning.drivers.local_terminal import LocalTerminal
from provisioning.drivers.process_stream import ProcessStream
from provisioning.drivers.stream_ending import SUDO_REFUSAL
from provisioning.drivers.target import LocalTarget
from provisioning.drivers.tcp import connect_tcp
from provisioning.drivers.terminal import Terminal

_STREAMS = 8
_CHUNK = 64 * 1024
_TCP_CODES = {"refused": "port_closed", "unreachable": "timeout"}


class LocalHost:
    """HostDriver for this machine; commands run as SiteFlow's own user, without a shell."""

    docker: DockerApi

    def __init__(self, target: LocalTarget) -> None:
        self.name = target.name
        self.target = target
        self.docker = self._docker = Dockerd(
            who=target.name,
            dialer=LocalDialer(target),
            timeout_s=target.command_timeout_s,
            streams=_STREAMS,
        )

    def connect(self) -> None:
        """Nothing to connect to."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout_s: float | None = None,
        max_bytes: int = 1_000_000,
        sudo: bool = False,
        on_line: OnLine | None = None,
    ) -> Result:
        """As SshHost.run; at the deadline the whole process group is killed."""
        if not argv or any("\0" in word for word in argv):
            raise DriverError("the command is empty or holds a NUL byte", "bad_argument")
        deadline = Deadline(self.target.command_timeout_s if timeout_s is None else timeout_s)
        started = time.monotonic()
        sudo = sudo and os.geteuid() != 0
        process = self._spawn(("sudo", "-n", "--", *argv) if sudo else tuple(argv))
        if isinstance(process, Result):
            return process
        lines = Lines(on_line) if on_line else None
        pump = _Pump(process, stdin=stdin or b"", max_bytes=max_bytes, lines=lines)
        try:
            in_time = pump.run(deadline)
        finally:
            pump.end()
        if not in_time:
            message = f"{self.name}: the command did not end within {deadline.timeout_s:g} s"
            raise DriverError(message, "timeout")
        return self._result(pump, started, sudo=sudo)

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> ByteStream:
        """As SshHost.stream; nothing is waited for."""
        return ProcessStream(argv, who=self.name)

    def terminal(self, *, cols: int, rows: int, timeout_s: float) -> Terminal:
        """As SshHost.terminal: a shell of the account that SiteFlow runs as."""
        return LocalTerminal(self.name, cols=cols, rows=rows)

    def open_tcp(self, address: str, port: int, *, timeout_s: float) -> ByteStream:
        """As SshHost.open_tcp; a port of this machine or what it reaches."""
        check_tcp(address, port)
        who = f"{self.name}: {address}:{port}"
        try:
            sock = connect_tcp(who=who, address=address, port=port, deadline=Deadline(timeout_s))
        except DriverError as error:
            code = _TCP_CODES.get(error.code, error.code)
            raise DriverError(error.message, code) from None
        return SocketStream(sock, who=self.name, what=f"{address}:{port}")

    def _spawn(self, argv: tuple[str, ...]) -> subprocess.Popen[bytes] | Result:
        try:
            return subprocess.Popen(  # noqa: S603 - an argv, never a shell
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as error:
            # As a shell would report it, so that both drivers answer alike.
            code = 126 if isinstance(error, PermissionError) else 127
            reason = printable(error.strerror or "cannot be started")
            return Result(code, "", f"{printable(argv[0])}: {reason}", False, 0)

    def _result(self, pump: _Pump, started: float, *, sudo: bool) -> Result:
        code = pump.process.returncode
        stderr = pump.stderr.decode("utf-8", "replace")
        if sudo and code == 1 and SUDO_REFUSAL.search(stderr):
            message = f"{self.name}: {printable(stderr, limit=200)}"
            raise DriverError(message, "sudo_refused")
        return Result(
            code if code >= 0 else 128 - code,
            pump.stdout.decode("utf-8", "replace"),
            stderr,
            pump.truncated,
            round((time.monotonic() - started) * 1000),
        )

    def close_idle(self, after_s: float) -> None:
        self._docker.close_idle(after_s)

    def close(self) -> None:
        self._docker.close()


class _Pump:
    """Feeds stdin and reads both outputs as they come."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        stdin: bytes,
        max_bytes: int,
        lines: Lines | None = None,
    ) -> None:
        self.process = process
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.truncated = False
        self._lines = lines
        self._room = max_bytes
        self._unsent = memoryview(stdin)
        self._selector = selectors.DefaultSelector()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                events = selectors.EVENT_WRITE if pipe is process.stdin else selectors.EVENT_READ
                self._selector.register(pipe, events)

    def run(self, deadline: Deadline) -> bool:
        """True when the process ended in time."""
        while self._selector.get_map() and not deadline.passed():
            if self.process.poll() is not None and not self._selector.select(0.2):
                break  # something it left behind still holds the output open
            for key, _ in self._selector.select(deadline.within(0.5)):
                self._move(key.fileobj)
        if self._lines is not None:
            self._lines.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(deadline.left())
            return True
        return False

    def _move(self, pipe: object) -> None:
        if pipe is self.process.stdin:
            self._send()
        elif pipe is self.process.stdout:
            self._read(self.process.stdout, 1)
        else:
            self._read(self.process.stderr, 2)

    def _send(self) -> None:
        if (pipe := self.process.stdin) is None:
            return
        try:
            self._unsent = self._unsent[os.write(pipe.fileno(), self._unsent[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = memoryview(b"")
        if not self._unsent:
            self._selector.unregister(pipe)
            pipe.close()

    def _read(self, pipe: object, output: int) -> None:
        where = self.stdout if output == 1 else self.stderr
        fileno: int = pipe.fileno()  # type: ignore[attr-defined]
        data = os.read(fileno, _CHUNK)
        if not data:
            self._selector.unregister(fileno)
        where += data[: self._room]
        self.truncated = self.truncated or len(data) > self._room
        self._room -= min(self._room, len(data))
        if self._lines is not None:
            self._lines.feed(output, data)

    def end(self) -> None:
        """Kill the process group if its leader still runs, and close every pipe."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._selector.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
