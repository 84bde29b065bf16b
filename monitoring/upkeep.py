"""What the audit needs once in a while: its copy completed, what is past its retention removed."""

from __future__ import annotations

import logging
import threading
from typing import Final

from django.db import connection

from audit.actor import Actor
from audit.retention import cleanup

log = logging.getLogger(__name__)

EVERY_S: Final = 3_600.0


def start(*, every_s: float = EVERY_S) -> threading.Event:
    """Begins now and goes on in a thread of its own until the returned event is set."""
    stopped = threading.Event()
    work = threading.Thread(target=_run, args=(stopped, every_s), name="upkeep", daemon=True)
    work.start()
    return stopped


def _run(stopped: threading.Event, every_s: float) -> None:
    while not stopped.is_set():
        once()
        stopped.wait(every_s)


def once() -> None:
    """Never raises: what failed is in the log and is tried again the next time."""
    try:
        cleanup(actor=Actor.system("retention"))
    except Exception:
        log.exception("the audit's upkeep failed")
    finally:
        connection.close()
