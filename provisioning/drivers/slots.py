"""How many channels may be open at once on one connection."""

from __future__ import annotations

import threading
from collections.abc import Callable

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError

# Another command usually ends within this time, which is cheaper than giving up a kept channel.
PATIENCE_S = 0.25


class Slots:
    """A counting lock whose waiting has a deadline and which can ask for a kept channel back.

    ``reclaim`` is called, without any lock held, when a caller has waited for a moment; it closes
    one channel that is kept open but idle, if there is one, and says whether there was.
    """

    def __init__(self, size: int, *, who: str, reclaim: Callable[[], bool]) -> None:
        self.size = size
        self.taken = 0
        self._reclaim = reclaim
        self._who = who
        self._freed = threading.Condition()

    def take(self, deadline: Deadline) -> None:
        """Take a slot; DriverError ``busy`` when none came free in time."""
        if self._take(min(PATIENCE_S, deadline.left())):
            return
        while not deadline.passed():
            self._reclaim()
            if self._take(deadline.within(PATIENCE_S)):
                return
        raise DriverError(f"{self._who}: too many requests at once", "busy")

    def _take(self, wait_s: float) -> bool:
        with self._freed:
            if not self._freed.wait_for(lambda: self.taken < self.size, wait_s):
                return False
            self.taken += 1
            return True

    def while_free(self, act: Callable[[], None]) -> None:
        """Do something that must not meet a user of a slot, if there is none now."""
        with self._freed:
            if not self.taken:
                act()

    def give_back(self) -> None:
        with self._freed:
            self.taken -= 1
            self._freed.notify_all()

    def wait_for_end(self, wait_s: float) -> None:
        """Wait until a slot is given back, at most ``wait_s`` seconds."""
        with self._freed:
            self._freed.wait(wait_s)
