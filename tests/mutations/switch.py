"""Which check is turned off right now, and which ones a question met."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from audit.reach import EVERYWHERE


class Switch:
    """Called in front of each check: says yes for the one that is to allow everything."""

    everywhere = EVERYWHERE

    def __init__(self) -> None:
        self.active = ""
        self.met: set[str] = set()

    def __call__(self, check: str) -> bool:
        self.met.add(check)
        return check == self.active

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
