"""Runs of pytest side by side, in lanes; what each prints is shown whole, one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final

NONE_CHOSEN: Final = 5  # pytest's code when the arguments leave no test
INTERRUPTED: Final = 130
CHUNK_BYTES: Final = 65536


@dataclass
class Part:
    """One run of pytest. ``variables`` are added to the environment."""

    name: str
    arguments: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict)
    code: int | None = None
    took_s: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    shown: bool = False
    # What it printed; None when it has ended.
    printed: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)

    def run(self) -> None:
        began = time.monotonic()
        try:
            # A session of its own: Ctrl-C reaches it from here alone, and once. A second one would
            # break off the taking down of what its tests have started.
            with subprocess.Popen(
                [sys.executable, "-m", "pytest", *_color(), *self.arguments],
                env={**os.environ, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as self.process:
                self._listen(self.process)
            self.code = 0 if self.process.returncode == NONE_CHOSEN else self.process.returncode
        finally:
            self.took_s = time.monotonic() - began
            self.printed.put(None)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while chunk := os.read(process.stdout.fileno(), CHUNK_BYTES):
            self.printed.put(chunk)

    def show(self) -> None:
        """What it prints, until it has ended. Called again after an interrupt: the rest of it."""
        if self.shown:
            return
        print(f"\n===== tests on {self.name} =====", flush=True)
        while (chunk := self.printed.get()) is not None:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        self.shown = True

    def interrupt(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def __str__(self) -> str:
        how = {None: "not run", 0: "passed"}.get(self.code, "failed")
        return f"{how:8} {self.took_s:6.0f} s  {self.name}"


class Lane(threading.Thread):
    """Runs its parts one after the other."""

    def __init__(self, parts: Sequence[Part], stopping: threading.Event) -> None:
        super().__init__()
        self.parts = parts
        self._stopping = stopping

    def run(self) -> None:
        for part in self.parts:
            if self._stopping.is_set():
                part.printed.put(None)
            else:
                part.run()


def run_lanes(lanes: Sequence[Sequence[Part]]) -> int:
    """All parts of all lanes, even when some fail; 0 when every one passed."""
    _heed_signals()
    stopping = threading.Event()
    running = [Lane(parts, stopping) for parts in lanes]
    for lane in running:
        lane.start()
    in_order = [part for parts in lanes for part in parts]
    try:
        _show(in_order)
    except KeyboardInterrupt:
        print("\nStopping: what the tests have started is being taken down.", flush=True)
        stopping.set()
        for part in in_order:
            part.interrupt()
        _show(in_order)
    print("\n===== all tests =====", *in_order, sep="\n", flush=True)
    if stopping.is_set():
        return INTERRUPTED
    return 0 if all(part.code == 0 for part in in_order) else 1


def _show(parts: Sequence[Part]) -> None:
    for part in parts:
        part.show()


def _heed_signals() -> None:
    """Each ends the run, unless we were told to ignore it, as nohup and background jobs are.

    Never ignored in the parts, whose tests send signals: a handler is not inherited, "ignore" is.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        ignored = signal.getsignal(number) is signal.SIG_IGN
        signal.signal(number, _nothing if ignored else signal.default_int_handler)


def _nothing(number: int, frame: object) -> None:
    """Instead of SIG_IGN."""


def _color() -> list[str]:
    return ["--color=yes"] if sys.stdout.isatty() else []
