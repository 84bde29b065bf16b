"""A host's own terminal over SSH (RFC 4254, section 6.2)."""

from __future__ import annotations

import contextlib
from typing import Final

from provisioning.drivers.bytestream import LaneStream
from provisioning.drivers.command import Preamble, command_line
from provisioning.drivers.connection import Held
from provisioning.drivers.errors import DriverError
from provisioning.drivers.exec_ending import signal_argv
from provisioning.drivers.host import HostDriver
from provisioning.drivers.terminal import TERM, check_size

# The wrapper of every command makes messages English; people have their own language.
LOGIN_SHELL: Final = (
    "/bin/sh", "-c",
    'unset LC_ALL; export LANG="${LANG:-C.UTF-8}"; exec "${SHELL:-/bin/sh}" -l', "sh",
)  # fmt: skip
_END_S: Final = 5.0


class SshTerminal:
    """Terminal. The server ends what it runs when the channel closes; `end` makes certain."""

    exec_id = ""

    def __init__(self, host: HostDriver, held: Held, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        self._host = host
        self._lane = held.lane
        self._preamble = Preamble()
        self._stream = LaneStream(held, who=host.name, preamble=self._preamble, what="the terminal")
        self._lane.request("pty-req", TERM, cols, rows, 0, 0, b"")
        self._lane.request("exec", command_line(LOGIN_SHELL))

    def send(self, data: bytes) -> None:
        self._stream.send(data)

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        return self._stream.recv(size, timeout_s=timeout_s)

    def resize(self, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        self._lane.request("window-change", cols, rows, 0, 0, answered=False)

    def exit_code(self) -> int | None:
        self._lane.status_event.wait(1.0)
        return self._lane.exit_status if self._lane.exited() else None

    def answers(self) -> bool:
        return self._stream.answers()

    def close(self) -> None:
        self._stream.close()

    def end(self) -> bool:
        """What is root's by then, after ``sudo``, ends by itself when its terminal is gone."""
        session = self._preamble.process_group
        if session > 1 and not self._lane.exited():
            with contextlib.suppress(DriverError):
                for signal in ("HUP", "KILL"):
                    argv = signal_argv("/bin/sh", signal, mark="-", session=session)
                    self._host.run(argv, timeout_s=_END_S)
        return True
