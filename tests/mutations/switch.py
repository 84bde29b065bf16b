"""Which checks are turned off right now, and which ones a question met."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from audit.reach import EVERYWHERE

# When what a check says is the same as if it were turned off, by its kind.
NOTED: Final[dict[str, Callable[[Any], bool]]] = {
    "asks": bool,
    "refusal": lambda found: not found,
    "needs": lambda found: found is None or hasattr(found, "get_username"),
    "reach": lambda found: bool(found.everywhere),
    "rows": lambda found: not found.query.where,
}


class Switch:
    """Called in front of each check: says yes for those that are to allow everything."""

    everywhere = EVERYWHERE

    def __init__(self) -> None:
        self.active: frozenset[str] = frozenset()
        self.met: Counter[str] = Counter()
        self._harmless: Counter[str] = Counter()
        self._lock = threading.Lock()  # sockets ask in several threads

    def forget(self) -> None:
        self.met.clear()
        self._harmless.clear()

    def refused(self) -> list[str]:
        """Those that made a difference since: turned off, something else would have come of it."""
        return [name for name, times in self.met.items() if times > self._harmless[name]]

    def noted(self, kind: str, check: str, found: Any) -> Any:
        """Not called for one that raises."""
        with self._lock:
            self._harmless[check] += NOTED[kind](found)
        return found

    def __call__(self, check: str) -> bool:
        with self._lock:
            self.met[check] += 1
        return check in self.active

    @contextmanager
    def off(self, *checks: str) -> Iterator[None]:
        self.active = frozenset(checks)
        try:
            yield
        finally:
            self.active = frozenset()

    def decorator(self, check: str, guard: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A decorator that guards unless it is turned off."""

        def decorate(view: Any) -> Any:
            guarded = guard(view)

            @functools.wraps(view)
            def either(*args: Any, **given: Any) -> Any:
                return (view if self(check) else guarded)(*args, **given)

            return either

        return decorate


switch = Switch()
