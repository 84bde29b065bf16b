"""Folders of a host over SFTP, only looked at: bounded in time and memory, and links not followed.

paramiko's own SFTP client waits for each answer anew, believes what lengths say, and cannot read
names that are not UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol

import paramiko

from provisioning.drivers import sftp_wire as wire
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.hostile import printable
from provisioning.drivers.lane import Lane
from provisioning.drivers.sftp_wire import Answer, Attributes, Entry, garbage

ANSWER_S: Final = 20.0  # one answer; a server that works gives hundreds of names with each
_CODES: Final = {wire.NOT_FOUND: "not_found", wire.DENIED: "permission_denied"}


class FoldersApi(Protocol):
    """Paths are bytes, absolute. Each call raises DriverError, ``not_found`` among others."""

    def real_path(self, path: bytes) -> bytes: ...
    def look(self, path: bytes) -> Attributes | None: ...
    def entries(self, path: bytes) -> Iterator[Entry]: ...


class FolderHost(HostDriver, Protocol):
    """A host whose folders can be looked at."""

    def folders(self, *, timeout_s: float) -> AbstractContextManager[FoldersApi]: ...


class Folders:
    """One SFTP session on one channel. ``deadline`` is for all that is asked of it."""

    def __init__(self, lane: Lane, *, who: str, deadline: Deadline) -> None:
        self._lane = lane
        self._who = who
        self._deadline = deadline
        self._number = 0
        self._begun = False
        lane.request("subsystem", "sftp")
        self._send(wire.INIT_PACKET)
        if self._receive().kind != wire.VERSION:
            raise garbage(self._who, "it begins with something else")
        self._begun = True

    def real_path(self, path: bytes) -> bytes:
        """Where a path leads, links followed; DriverError ``not_found``."""
        answer = self._ask(wire.REALPATH, path, path)
        entries = self._read(answer, wire.NAME).entries()
        if len(entries) != 1 or self.look(entries[0].name) is None:
            raise self._refused(path, wire.NOT_FOUND)  # OpenSSH also resolves what is not there
        return entries[0].name

    def look(self, path: bytes) -> Attributes | None:
        """What it is itself, a link being one; None where there is nothing."""
        answer = self._ask(wire.LSTAT, path, path)
        if answer.kind == wire.STATUS and (code := answer.number()) != wire.NOT_FOUND:
            raise self._refused(path, code)
        return None if answer.kind == wire.STATUS else self._read(answer, wire.ATTRS).attributes()

    def entries(self, path: bytes) -> Iterator[Entry]:
        """As they come, without an order; never all of them in memory. Not ``.`` and ``..``."""
        handle = self._read(self._ask(wire.OPENDIR, path, path), wire.HANDLE, path).text()
        while (answer := self._ask(wire.READDIR, handle, path)).kind == wire.NAME:
            yield from (one for one in answer.entries() if one.name not in (b".", b".."))
        if answer.kind != wire.STATUS or (code := answer.number()) != wire.END_OF_FOLDER:
            raise self._refused(path, code if answer.kind == wire.STATUS else 0)
        self._ask(wire.CLOSE, handle, path)

    def _read(self, answer: Answer, kind: int, path: bytes = b"") -> Answer:
        if answer.kind == wire.STATUS:
            raise self._refused(path, answer.number())
        if answer.kind != kind:
            raise garbage(self._who, "an answer to another question")
        return answer

    def _ask(self, kind: int, text: bytes, path: bytes) -> Answer:
        self._number += 1
        self._send(wire.request(kind, self._number, text))
        answer = self._receive()
        if answer.number() != self._number:
            raise garbage(self._who, "an answer to another question")
        return answer

    def _send(self, data: bytes) -> None:
        self._lane.settimeout(self._patience_s())
        try:
            self._lane.sendall(data)
        except TimeoutError:
            raise self._late() from None
        except (OSError, EOFError, paramiko.SSHException):
            raise self._ended() from None

    def _receive(self) -> Answer:
        size = int.from_bytes(self._exactly(4), "big")
        if not 1 <= size <= wire.MAX_PACKET_BYTES:
            raise garbage(self._who, f"an answer of {size} bytes")
        return Answer(self._exactly(size), who=self._who)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._lane.settimeout(self._patience_s())
            try:
                part = self._lane.recv(min(size - len(data), 256 * 1024))
            except TimeoutError:
                raise self._late() from None
            except (OSError, EOFError, paramiko.SSHException):
                raise self._ended() from None
            if not part:
                raise self._ended()
            data += part
        return bytes(data)

    def _patience_s(self) -> float:
        left_s = self._deadline.within(ANSWER_S)
        if left_s <= 0:
            raise self._late()
        return left_s

    def _late(self) -> DriverError:
        words = "SFTP gives no answer" if not self._deadline.passed() else "SFTP takes too long"
        return DriverError(f"{self._who}: {words}", "timeout")

    def _ended(self) -> DriverError:
        """A server without SFTP closes the channel at once, and only that."""
        if not self._begun and self._lane.get_transport().is_active():
            return DriverError(f"{self._who}: the server offers no SFTP", "no_sftp")
        return DriverError(f"{self._who}: the SFTP session ended", "link_lost")

    def _refused(self, path: bytes, code: int) -> DriverError:
        why = {wire.NOT_FOUND: "it is not there", wire.DENIED: "the login may not"}
        words = why.get(code, f"the server refuses (code {code})")
        message = f"{self._who}: looking at {printable(path, limit=200)} failed: {words}"
        return DriverError(message, _CODES.get(code, "command_failed"))
