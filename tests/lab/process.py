"""Processes by pid *and* start time, so that a reused pid is never signalled."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.lab.command import wait_until

PROC = Path("/proc")


def _stat_fields(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat after the command's name (proc(5)); [] if it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass(frozen=True)
class Process:
    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has `pid` now. Raises ProcessLookupError if none has."""
        fields = _stat_fields(pid)
        if not fields:
            raise ProcessLookupError(pid)
        return cls(pid, int(fields[19]))

    def alive(self) -> bool:
        """True while it runs; a zombie has ended."""
        fields = _stat_fields(self.pid)
        return bool(fields) and int(fields[19]) == self.start_ticks and fields[0] not in "ZX"

    def signal(self, signum: signal.Signals) -> None:
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def stop(self) -> None:
        """Returns when it stands still with all its threads, which the signal alone does not say:
        one may still answer while another has yet to run in order to stop them all."""
        self.signal(signal.SIGSTOP)
        wait_until(self._stands, what=f"process {self.pid} stands still")

    def _stands(self) -> bool:
        threads = [one.name for one in (PROC / f"{self.pid}/task").glob("[0-9]*")]
        fields = [_stat_fields(f"{self.pid}/task/{one}") for one in threads]
        return all(not found or found[0] in "TtZX" for found in fields)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def children(self) -> list["Process"]:
        """Its children, oldest first; [] once it has ended."""
        if not self.alive():
            return []
        with suppress(FileNotFoundError, ProcessLookupError):
            pids = (PROC / f"{self.pid}/task/{self.pid}/children").read_text().split()
            return [found for pid in pids if (found := _find(int(pid)))]
        return []

    def inner_pid(self) -> int:
        """Its pid in the innermost namespace (proc(5): NSpid), 0 if it is gone."""
        with suppress(FileNotFoundError, ProcessLookupError):
            for line in (PROC / f"{self.pid}/status").read_text().splitlines():
                if line.startswith("NSpid:"):
                    return int(line.split()[-1])
        return 0

    def command_name(self) -> str:
        """The name of what it runs (proc(5): comm), "" if it is gone."""
        with suppress(FileNotFoundError, ProcessLookupError):
            return (PROC / f"{self.pid}/comm").read_text().strip()
        return ""

    def wait_end(self, *, timeout_s: float = 20.0) -> None:
        wait_until(lambda: not self.alive(), what=f"end of process {self.pid}", timeout_s=timeout_s)


def _find(pid: int) -> Process | None:
    try:
        return Process.of(pid)
    except ProcessLookupError:
        return None


def in_pid_namespace_of(pid: int) -> list[Process]:
    """All processes of the PID namespace of `pid`, without nested ones (containers)."""
    wanted = _pid_namespace(pid)
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    return [p for pid in pids if _pid_namespace(pid) == wanted and (p := _find(pid))]


def _pid_namespace(pid: int) -> str:
    try:
        return str((PROC / str(pid) / "ns/pid").readlink())
    except OSError:
        return ""
