"""The clock of the NAS against ours: what its files are dated by, and what we judge by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver

# Clocks that differ by less are taken for the same.
SKEW: Final = timedelta(minutes=1)
# An entry that changed less than this ago may still be written.
SETTLE: Final = timedelta(minutes=2)
_AHEAD: Final = timedelta(minutes=5)
_ASK_S: Final = 10.0
# SFTP tells no time: a NAS without a shell leaves it unknown, which is no fault of it.
_NO_SHELL: Final = frozenset({"no_shell", "timeout"})
_MAX_SECONDS: Final = 2**32


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` is ours. ``skew`` is how far theirs is ahead; None when nobody told."""

    now: datetime
    skew: timedelta | None = None

    @property
    def settled_s(self) -> int:
        """What was last changed before, on their clock, is not being written any more."""
        return int((self.now + self._skew - SETTLE).timestamp())

    def ours(self, modified_s: int) -> datetime:
        """A file's time as our clock would have it."""
        return datetime.fromtimestamp(modified_s, UTC) - self._skew

    def is_ahead(self, moment: datetime) -> bool:
        """In the future, by more than two clocks of one network may differ."""
        return moment > self.now + _AHEAD

    @property
    def _skew(self) -> timedelta:
        return self.skew if self.skew is not None and abs(self.skew) >= SKEW else timedelta()


def clock_of(host: HostDriver) -> Clock:
    """Asks the NAS for its time. Raises DriverError when it is not reached."""
    before = timezone.now()
    try:
        result = host.run(("date", "+%s"), timeout_s=_ASK_S, max_bytes=1000)
    except DriverError as error:
        if error.code not in _NO_SHELL:
            raise
        return Clock(timezone.now())
    now, told = timezone.now(), result.stdout.strip()
    if result.exit_code or not (told.isascii() and told.isdecimal() and int(told) < _MAX_SECONDS):
        return Clock(now)
    # Whole seconds are told, so half of one is added; and it was asked between the two.
    theirs = datetime.fromtimestamp(int(told) + 0.5, UTC)
    return Clock(now, theirs - (before + (now - before) / 2))
