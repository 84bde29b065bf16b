"""A running supervisor seen from outside: its lines, its processes, its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parents[3]
MARK: Final = "SITEFLOW_TEST"


def until(condition: Callable[[], Any], *, what: str, timeout_s: float = 10.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return result


class Running:
    """Everything it starts, directly or not, is found by a mark in the environment."""

    def __init__(
        self, folder: Path, argv: list[str], *, env: Mapping[str, str] = os.environ
    ) -> None:
        self.folder, self.lines = folder, list[str]()
        self._reads = True
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**env, MARK: str(folder), "PYTHONPATH": str(PROJECT)},
        )
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if not self._reads:
                return

    def stop_reading(self) -> None:
        """As a terminal that was stopped: the pipe fills up."""
        self._reads = False

    def wait_line(self, pattern: str, *, count: int = 1, timeout_s: float = 10.0) -> str:
        """The ``count``-th line that matches."""

        def found() -> str | None:
            matching = [line for line in self.lines if re.search(pattern, line)]
            return matching[count - 1] if len(matching) >= count else None

        try:
            return str(until(found, what=pattern, timeout_s=timeout_s))
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.lines])) from None

    def processes(self) -> dict[int, str]:
        """Pid and command line of all that live."""
        wanted = f"{MARK}={self.folder}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = _command_line(entry)
        return found

    def pids_of(self, command: str) -> set[int]:
        """Of the children whose command line begins like this (a regular expression)."""
        lines = {k: v for k, v in self.processes().items() if "supervisor.peer" not in v}
        return {pid for pid, line in lines.items() if re.match(command, line)}

    def wait_pids(self, command: str, *, count: int = 1) -> set[int]:
        """As soon as there are that many: what a shell has forked is not yet what it becomes."""

        def found() -> set[int] | None:
            pids = self.pids_of(command)
            return pids if len(pids) == count else None

        pids: set[int] = until(found, what=f"{count} of {command}")
        return pids

    def guard(self) -> int:
        return int(
            until(
                lambda: next(
                    (
                        pid
                        for pid in self.processes()
                        if Path(f"/proc/{pid}/comm").read_text().strip() == "siteflow-guard"
                    ),
                    0,
                ),
                what="the guard",
            )
        )

    def wait_gone(self, *, timeout_s: float) -> float:
        """How long it took until nothing of it lived."""
        started = time.monotonic()
        until(
            lambda: not self.processes(), what=f"the end of {self.processes()}", timeout_s=timeout_s
        )
        return time.monotonic() - started

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def clean_up(self) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def peer(folder: Path, roles: dict[str, str], **options: Any) -> Running:
    what = json.dumps({"roles": roles, **options})
    argv = [sys.executable, "-W", "error", "-m", "tests.siteflow.supervisor.peer"]
    return Running(folder, [*argv, str(folder), what])


def _command_line(entry: Path) -> str:
    return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
