"""Ends terminals that no web process looks after any more, in a thread of its own.

A host that does not answer takes its time, for which nobody else here waits.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from django.db import connection

from monitoring.database import DATABASE_GONE
from provisioning.terminals.ending import reap

log = logging.getLogger(__name__)

EVERY_S: Final = 3.0


def start(*, every_s: float = EVERY_S) -> threading.Event:
    """Begins now and goes on until the returned event is set."""
    stopped = threading.Event()
    threading.Thread(target=_run, args=(stopped, every_s), name="terminals", daemon=True).start()
    return stopped


def _run(stopped: threading.Event, every_s: float) -> None:
    while not stopped.is_set():
        try:
            reap()
        except DATABASE_GONE as error:
            log.warning("terminals cannot be looked after, trying again: %s", error)
        except Exception:  # a mistake of ours in one round must not end all later ones
            log.exception("looking after terminals failed unexpectedly")
        finally:
            connection.close()
        stopped.wait(every_s)
