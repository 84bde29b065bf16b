"""What is to be done once in a while: the audit kept within its retention, leftovers removed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from audit.actor import Actor
from audit.retention import cleanup
from monitoring.alerts import retention
from monitoring.history.writing import prune
from monitoring.notify.claiming import forget
from provisioning.given_up import purge_given_up
from provisioning.log_archive.keeping import forget_old
from provisioning.operations.host_new_keys import forget_unclaimed
from provisioning.terminals import retention as recordings
from provisioning.wizards.expiry import expire_idle

log = logging.getLogger(__name__)

EVERY_S: Final = 3_600.0
# Longer than a monitor is ever gone: what it has not averaged yet when it goes is left to it.
HISTORY_SLACK_S: Final = 8 * 24 * 3_600.0
DELIVERIES_KEPT: Final = timedelta(days=30)
TASKS: Final[dict[str, Callable[[], object]]] = {
    "the audit": lambda: cleanup(actor=Actor.system("retention")),
    "keys without a host": forget_unclaimed,
    "idle wizards": expire_idle,
    "the quarantine": purge_given_up,
    "alerts that are over": retention.forget,
    "history nobody adds to": lambda: prune(now_s=time.time() - HISTORY_SLACK_S),
    "kept logs": forget_old,
    "recordings of terminals": recordings.forget,
    "notifications": lambda: forget(before=timezone.now() - DELIVERIES_KEPT),
}


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
    for name, work in TASKS.items():
        try:
            work()
        except Exception:  # one task's trouble is not the others'
            log.exception("the upkeep of %s failed", name)
        finally:
            connection.close()
