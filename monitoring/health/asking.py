"""Asks parts how they are, each in a thread of its own: one that hangs holds up nobody.

Whoever asks waits for ``bound_s`` at most. Of a part that hangs there is never more than the one
thread that waits for it, however often it is asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connections
from django.utils import timezone

from monitoring.health.parts import PARTS, Found, Part

BOUND_S: Final = 3.0
REMEMBERED_S: Final = 1.0  # who asks more often gets the same answer


@dataclass(frozen=True, slots=True)
class Answer:
    """``observed_at``: when the part last answered; None: it never did, as far as known here."""

    found: Found
    source: str
    observed_at: datetime | None
    duration_ms: float

    def age_s(self, now: datetime) -> float | None:
        if self.observed_at is None:
            return None
        return max(0.0, round((now - self.observed_at).total_seconds(), 1))


@dataclass(slots=True)
class _Run:
    part: Part
    begun: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    ended: float = 0.0

    def counts(self, remembered_s: float) -> bool:
        """Whether its answer, when there is one, is still fresh enough for who asks now."""
        return not self.done.is_set() or time.monotonic() - self.ended < remembered_s

    def work(self) -> None:
        try:
            found = self.part.check()
        except Exception as error:  # a check that fails is its result
            found = Found(False, f"It failed: {type(error).__name__}.", {})
        finally:
            connections.close_all()  # of this thread only
        self.ended = time.monotonic()
        took_ms = round((self.ended - self.begun) * 1000, 1)
        self.answer = Answer(found, self.part.source, timezone.now(), took_ms)
        self.done.set()


class Asker:
    def __init__(self, *, bound_s: float = BOUND_S, remembered_s: float = REMEMBERED_S) -> None:
        self._bound_s, self._remembered_s = bound_s, remembered_s
        self._lock = threading.Lock()
        self._runs: dict[str, _Run] = {}
        self._last: dict[str, datetime | None] = {}

    def ask(self, parts: Mapping[str, Part]) -> dict[str, Answer]:
        """All at the same time."""
        runs = {name: self._run(name, part) for name, part in parts.items()}
        return {name: self._answer(name, run) for name, run in runs.items()}

    def forget(self) -> None:
        with self._lock:
            self._runs.clear()
            self._last.clear()

    def _run(self, name: str, part: Part) -> _Run:
        with self._lock:
            run = self._runs.get(name)
            if run is None or not run.counts(self._remembered_s):
                run = self._runs[name] = _Run(part)
                threading.Thread(target=run.work, name=f"health {name}", daemon=True).start()
            return run

    def _answer(self, name: str, run: _Run) -> Answer:
        """One that has hung for longer than the bound already is not waited for again."""
        left_s = run.begun + self._bound_s - time.monotonic()
        run.done.wait(max(0.0, left_s))
        if run.answer is not None:
            self._last[name] = run.answer.observed_at
            return run.answer
        silent_s = time.monotonic() - run.begun
        found = Found(False, f"It has not answered for {silent_s:.1f} s.", {})
        return Answer(found, run.part.source, self._last.get(name), round(silent_s * 1000, 1))


_asker: Final = Asker()


def ask(*names: str) -> dict[str, Answer]:
    """The parts with these names; all of them without."""
    return _asker.ask({name: PARTS[name] for name in names or PARTS})


forget = _asker.forget
