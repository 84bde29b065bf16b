"""A process with somebody in front of it, in a container or on a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from provisioning.drivers.errors import DriverError

MAX_COLS: Final = 1_000
MAX_ROWS: Final = 1_000
TERM: Final = "xterm-256color"


@dataclass(frozen=True, slots=True)
class Start:
    """What to run in a container. ``user`` and ``workdir`` empty: the container's own.

    ``mark`` becomes the variable SITEFLOW_TERMINAL, by which the process is found to be ended.
    """

    argv: tuple[str, ...]
    user: str = ""
    workdir: str = ""
    tty: bool = True
    cols: int = 80
    rows: int = 24
    mark: str = ""


@dataclass(frozen=True, slots=True)
class ExecState:
    """Of a process that was started in a container. ``pid`` is the host's number of it, or 0."""

    running: bool
    exit_code: int | None
    pid: int = 0


class Terminal(Protocol):
    """``recv`` gives b"" at the end and raises TimeoutError when nothing came in time.

    One thread reads, others may send, resize and close meanwhile.
    """

    exec_id: str  # Docker's; "" for a host's own terminal

    def send(self, data: bytes) -> None: ...
    def recv(self, size: int, *, timeout_s: float) -> bytes: ...
    def resize(self, *, cols: int, rows: int) -> None: ...
    def exit_code(self) -> int | None:
        """128 and more for a signal, None while it runs or if nobody told."""

    def answers(self) -> bool:
        """Whether the other side of a silent terminal still answers; asks it, at most 4 s."""

    def close(self) -> None:
        """The stream ends, now; of the process see `exec_ending.py`."""

    def end(self) -> bool:
        """Ends a host's process for certain. A container's are ended by `exec_ending.end`."""


def check_size(*, cols: int, rows: int) -> None:
    if not (1 <= cols <= MAX_COLS and 1 <= rows <= MAX_ROWS):
        raise DriverError(
            f"A terminal has 1 to {MAX_COLS} columns and 1 to {MAX_ROWS} rows.", "bad_argument"
        )
