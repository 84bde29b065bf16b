"""One command on one channel: send stdin, read both outputs as they come, know the end."""

from __future__ import annotations

from provisioning.drivers.command import Preamble
from provisioning.drivers.connection import Held
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.lines import Lines
from provisioning.drivers.link import LinkDown

_CHUNK = 64 * 1024
_PROBE_EVERY_S = 15.0
_PROBE_TIMEOUT_S = 10.0
# A command that left something behind which holds its output open has still ended.
_LINGER_S = 1.0
_SEND_POLL_S = 0.02  # paramiko has no event for a window that opened again


class Overdue(Exception):
    """The deadline passed before the command ended."""


class Exchange:
    """The state of one running command. ``stdout`` and ``stderr`` together keep ``max_bytes``;
    ``lines`` get all of both.
    """

    def __init__(
        self, held: Held, *, stdin: bytes | None, max_bytes: int, lines: Lines | None = None
    ) -> None:
        self.held = held
        self.lane = held.lane
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.truncated = False
        self.preamble = Preamble()
        self._lines = lines
        self._room = max_bytes
        self._unsent = stdin or b""
        self._sent = 0

    def run(self, command: bytes, deadline: Deadline) -> None:
        """Returns at the end of the command. Raises Overdue, or LinkDown if the link broke."""
        self.lane.settimeout(0.0)
        self.lane.request("exec", command)
        if not self._unsent:
            self.lane.shutdown_write()
        while not self._step(deadline):
            pass
        if self._lines is not None:
            self._lines.end()
        if not self.lane.exited() and not self.held.link.is_active():
            raise LinkDown("the connection broke while the command ran")

    def _step(self, deadline: Deadline) -> bool:
        wake = self.lane.wake
        wake.rest()
        ended = self.lane.closed
        self._send()
        moved = self._drain()
        if ended and not moved:
            return True
        if deadline.passed():
            raise Overdue
        if moved:
            return False
        if self.lane.exited():
            return not wake.wait(deadline.within(_LINGER_S)) and not self._drain()
        self._wait(deadline)
        return False

    def _wait(self, deadline: Deadline) -> None:
        if self._unsent:
            self.lane.wake.wait(deadline.within(_SEND_POLL_S))
        elif not self.lane.wake.wait(deadline.within(_PROBE_EVERY_S)) and not deadline.passed():
            limit_s = deadline.within(_PROBE_TIMEOUT_S)
            if not self.held.link.answers(timeout_s=limit_s) and not deadline.passed():
                raise LinkDown("the server does not answer any more")

    def _send(self) -> None:
        if not self._unsent:
            return
        try:
            self._sent += self.lane.send(self._unsent[self._sent : self._sent + _CHUNK])
        except TimeoutError:
            return  # the window is closed for now
        except OSError:
            self._sent = len(self._unsent)  # it ended without reading its stdin: no error
        if self._sent >= len(self._unsent):
            self._unsent = b""
            self.lane.shutdown_write()

    def _drain(self) -> bool:
        """Take one piece of each output; a host that never stops must not hold us here."""
        moved = False
        if self.lane.recv_ready():
            self._keep(1, self.preamble.feed(self.lane.recv(_CHUNK)))
            moved = True
        if self.lane.recv_stderr_ready():
            self._keep(2, self.lane.recv_stderr(_CHUNK))
            moved = True
        return moved

    def _keep(self, output: int, data: bytes) -> None:
        where = self.stdout if output == 1 else self.stderr
        where += data[: self._room]
        self.truncated = self.truncated or len(data) > self._room
        self._room -= min(self._room, len(data))
        if self._lines is not None:
            self._lines.feed(output, data)
