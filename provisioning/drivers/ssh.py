"""A host over SSH: commands by argv and Docker, each call within its deadline."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import paramiko

from provisioning.drivers.bytestream import ByteStream, LaneStream
from provisioning.drivers.command import Preamble, command_line, end_group_argv
from provisioning.drivers.connection import Connection, jump_connection, label
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dial import SshDialer
from provisioning.drivers.disks import df_argv, parse_df
from provisioning.drivers.dockerd import Dockerd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.exchange import Exchange, Overdue
from provisioning.drivers.folders import Folders
from provisioning.drivers.forward import check_tcp, forward_error
from provisioning.drivers.host import DockerApi, Result
from provisioning.drivers.hostile import printable
from provisioning.drivers.lines import Lines, OnLine
from provisioning.drivers.link import LaneRefused, LinkDown
from provisioning.drivers.sftp import Files
from provisioning.drivers.ssh_terminal import SshTerminal
from provisioning.drivers.stream_connections import StreamConnections
from provisioning.drivers.stream_ending import SUDO_REFUSAL
from provisioning.drivers.target import SshTarget
from provisioning.drivers.terminal import Terminal

T = TypeVar("T")

_PROBE_TIMEOUT_S = 5.0
_CLEANUP_TIMEOUT_S = 10.0


class SshHost:
    """HostDriver over one kept connection for calls and others for long-lived streams.

    Thread-safe, connects when first used and again by itself. ``via`` is the kept connection of
    the jump host; by default one is made for this host alone.
    """

    docker: DockerApi

    def __init__(self, target: SshTarget, *, via: Connection | None = None) -> None:
        self.name = target.name
        self.target = target
        self._own_jump = jump_connection(target) if via is None else None
        via = via or self._own_jump
        self._via = via
        self.calls = Connection(target, via=via)
        self.streams = StreamConnections(target, via=via)
        dialer = SshDialer(target, calls=self.calls, streams=self.streams, run=self.run)
        self.docker = self._docker = Dockerd(
            who=label(target), dialer=dialer, timeout_s=target.command_timeout_s
        )
        self.calls.reclaim = self._docker.close_one_idle

    def connect(self) -> None:
        """Connect now, if that is not done; DriverError says what is in the way."""
        self.calls.link(Deadline(self.target.connect_timeout_s))

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
        """Run one command and return its end, whatever its exit code.

        ``timeout_s`` defaults to the target's and covers waiting, connecting and running; a
        command still running then is ended on the host. Output over ``max_bytes`` is read and
        thrown away. With ``sudo`` it runs as root, never asking for a password; root needs none.
        ``on_line`` gets each line of both outputs as it comes, in this thread; when it raises, the
        command is ended and the error goes on.
        """
        sudo = sudo and self.target.username != "root"
        command = command_line(argv, sudo=sudo)
        deadline = Deadline(self.target.command_timeout_s if timeout_s is None else timeout_s)
        held = self.calls.session(deadline)
        started = time.monotonic()
        lines = Lines(on_line) if on_line else None
        exchange = Exchange(held, stdin=stdin, max_bytes=max_bytes, lines=lines)
        ended = False
        try:
            self._exchange(exchange, command, deadline)
            ended = True
        finally:
            if ended:
                held.release()
            else:
                self._abandon(exchange, sudo=sudo)
        return self._result(exchange, started, sudo=sudo)

    def _exchange(self, exchange: Exchange, command: bytes, deadline: Deadline) -> None:
        who = label(self.target)
        try:
            exchange.run(command, deadline)
        except Overdue:
            message = f"{who}: the command did not end within {deadline.timeout_s:g} s"
            raise DriverError(message, "timeout") from None
        except (LinkDown, paramiko.SSHException, EOFError, OSError) as error:
            self.calls.drop(exchange.held.link)
            raise DriverError(f"{who}: {printable(str(error))}", "link_lost") from None

    def _result(self, exchange: Exchange, started: float, *, sudo: bool) -> Result:
        stdout = exchange.stdout.decode("utf-8", "replace")
        stderr = exchange.stderr.decode("utf-8", "replace")
        if not exchange.preamble.process_group:
            said = printable(exchange.preamble.noise + b" " + bytes(exchange.stderr), limit=200)
            message = f"{label(self.target)}: the login runs no commands: {said}"
            raise DriverError(message, "no_shell")
        code = exchange.lane.exit_status
        if sudo and code in (1, 127) and SUDO_REFUSAL.search(stderr):
            message = f"{label(self.target)}: {printable(stderr, limit=200)}"
            raise DriverError(message, "sudo_refused")
        duration_ms = round((time.monotonic() - started) * 1000)
        return Result(code, stdout, stderr, exchange.truncated, duration_ms)

    def _abandon(self, exchange: Exchange, *, sudo: bool) -> None:
        """End what is left of a command, without making the caller wait for it."""
        name = f"end-command-{self.name}"
        threading.Thread(
            target=self._clean_up, args=(exchange, sudo), name=name, daemon=True
        ).start()

    def _clean_up(self, exchange: Exchange, sudo: bool) -> None:
        """Closing a channel does not end the remote process, which goes on holding its session.

        It is ended by its process group, over a connection of its own: on this one the server may
        have no session left. If the server does not even answer, the connection is given up.
        """
        held, group = exchange.held, exchange.preamble.process_group
        try:
            if not held.link.answers(timeout_s=_PROBE_TIMEOUT_S):
                self.calls.drop(held.link)
            elif group > 1 and not exchange.lane.exited():
                self._end_group(group, sudo=sudo)
        finally:
            held.release()

    def _end_group(self, group: int, *, sudo: bool) -> None:
        """What runs as root by sudo can only be ended where sudo allows /bin/sh."""
        deadline = Deadline(_CLEANUP_TIMEOUT_S)
        own = Connection(self.target, via=self._via)
        command = command_line(end_group_argv(group), sudo=sudo)
        # If that fails, nothing more can be done from here; the caller knows of the time-out.
        with contextlib.suppress(
            DriverError, Overdue, LinkDown, paramiko.SSHException, EOFError, OSError
        ):
            held = own.session(deadline)
            try:
                Exchange(held, stdin=None, max_bytes=1000).run(command, deadline)
            finally:
                held.release()
        own.close()

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> ByteStream:
        """The stdin and stdout of a command that runs until the stream is closed.

        It runs as the user, over the connection for long-lived streams; ``timeout_s`` is for
        getting there. A command that reads its stdin ends with the stream.
        """
        held = self.streams.session(Deadline(timeout_s))
        held.lane.request("exec", command_line(argv))
        return LaneStream(held, who=label(self.target), preamble=Preamble(), what="the command")

    def terminal(self, *, cols: int, rows: int, timeout_s: float) -> Terminal:
        """The login shell of the user, in front of a terminal of this size."""
        held = self.streams.session(Deadline(timeout_s))
        return SshTerminal(self, held, cols=cols, rows=rows)

    def open_tcp(self, address: str, port: int, *, timeout_s: float) -> ByteStream:
        """A stream to a TCP port as the host itself reaches it, for one exchange.

        It takes a channel of the kept connection until it is closed. DriverError ``port_closed``,
        ``forward_refused``, ``timeout`` among others.
        """
        check_tcp(address, port)
        deadline = Deadline(timeout_s)
        try:
            held = self.calls.forwarded(address, port, deadline)
        except LaneRefused as refused:
            raise forward_error(label(self.target), address, port, refused) from None
        return LaneStream(held, who=label(self.target), preamble=None, what=f"{address}:{port}")

    def write_file(self, path: str, data: bytes, *, mode: int = 0o600) -> None:
        """Write a whole file or leave the old one as it is; ``path`` must be absolute.

        DriverError not_found (no such folder), permission_denied or disk_full among others.
        """
        self._files(lambda files: files.write(path, data, mode=mode), path)

    def read_file(self, path: str, *, max_bytes: int = 1_000_000) -> bytes:
        """The whole file; DriverError ``output_too_large`` if it is longer than ``max_bytes``."""
        return self._files(lambda files: files.read(path, max_bytes=max_bytes), path)

    def edit_file(
        self, path: str, change: Callable[[bytes], bytes], *, max_bytes: int = 1_000_000
    ) -> bool:
        """Edit a file below the home of the user, as `Files.edit`; False if nothing had to change.

        DriverError permission_denied, disk_full or conflict among others: then it is as it was.
        """
        return self._files(lambda files: files.edit(path, change, max_bytes=max_bytes), path)

    @contextlib.contextmanager
    def folders(self, *, timeout_s: float) -> Iterator[Folders]:
        """Folders to look at over SFTP, for ``timeout_s`` in all."""
        deadline = Deadline(timeout_s)
        held = self.calls.session(deadline)
        try:
            yield Folders(held.lane, who=label(self.target), deadline=deadline)
        except DriverError as error:
            if error.code == "timeout" and not held.link.answers(timeout_s=_PROBE_TIMEOUT_S):
                self.calls.drop(held.link)  # the next one does not wait on a dead connection
            raise
        finally:
            held.release()

    def _files(self, use: Callable[[Files], T], path: str) -> T:
        deadline = Deadline(self.target.command_timeout_s)
        held = self.calls.session(deadline)
        try:
            return use(Files(held.lane, who=label(self.target), deadline=deadline))
        except DriverError as error:
            held.release()
            if error.code == "command_failed" and self._is_full(path):
                raise DriverError(f"{error.message} (the disk is full)", "disk_full") from None
            raise
        finally:
            held.release()

    def _is_full(self, path: str) -> bool:
        """SFTP 3 has no error of its own for a full disk."""
        folder = path.rpartition("/")[0] or "/"
        disks = parse_df(self.run(df_argv(folder)).stdout)
        return any(disk.available_bytes < 64 * 1024 for disk in disks)

    def close_idle(self, after_s: float) -> None:
        """Close connections that nobody has used for ``after_s`` seconds."""
        self._docker.close_idle(after_s)
        self.calls.rest(after_s=after_s)
        self.streams.rest(after_s=after_s)

    def close(self) -> None:
        self._docker.close()
        self.calls.close()
        self.streams.close()
        if self._own_jump is not None:
            self._own_jump.close()
