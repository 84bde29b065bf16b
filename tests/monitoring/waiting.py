from __future__ import annotations

import time
from collections.abc import Callable


def until(
    condition: Callable[[], object], *, timeout_s: float = 20.0, pause_s: float = 0.01
) -> None:
    """Returns as soon as the condition holds; fails when it does not in time."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s:g} s"
        time.sleep(pause_s)
