"""Which web process serves a terminal: its name begins the terminal's mark.

When it dies without a word, the monitor of the same machine knows at once and does not wait for
the lease, which tells as well where there is none.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from provisioning.lifeline import TERMINAL, Lifeline, bury
from provisioning.terminals.models import TerminalSession

log = logging.getLogger(__name__)

_lines: Final[list[Lifeline]] = []  # held for as long as the process lives


@cache
def own_name() -> str:
    name = secrets.token_hex(8)
    try:
        _lines.append(Lifeline(name, kind=TERMINAL))
    except OSError as error:  # a full disk: the lease is left
        log.warning("the end of this process will be noticed late: %s", error)
    return name


def new_mark() -> str:
    """Of 32 characters, of which nobody can guess the second half."""
    return own_name() + secrets.token_hex(8)


def give_back(*, now: datetime) -> None:
    """Terminals of web processes that died on this machine are nobody's from now on."""

    def of(name: str) -> None:
        theirs = TerminalSession.objects.open().filter(mark__startswith=name, lease_until__gte=now)
        if left := theirs.update(lease_until=now - timedelta(seconds=1)):
            log.warning("a web process ended with %d terminals open", left)

    bury(TERMINAL, of)
