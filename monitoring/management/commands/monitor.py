"""manage.py monitor"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from monitoring import terminals, upkeep
from monitoring.alerts.looks import AlertLooks
from monitoring.alerts.running import AlertTurns
from monitoring.backups import BackupLooks
from monitoring.certificates import CertificateLooks
from monitoring.database import DatabaseThreads
from monitoring.extras import Both, ExtraReads, follow_moved
from monitoring.means import Means, interval_s
from monitoring.notify.sending import Senders
from monitoring.supervisor import Supervisor, monitor_name
from monitoring.sweeper import Sweeper
from monitoring.usage.usage import Usage
from monitoring.watcher import Watcher
from provisioning.lifeline import MONITOR, Lifeline
from sites import live

log = logging.getLogger(__name__)
FLUSH_S = 0.3


class Command(BaseCommand):
    help = (
        "Watches the hosts: follows Docker's events, reads all containers every MONITOR_INTERVAL_S "
        "seconds, sweeps operations, sends notifications. Several share the hosts. Ends on SIGTERM "
        "and Ctrl-C."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # also when started with one ignored
            signal.signal(number, _end)
        name = monitor_name()
        lifeline = Lifeline(name, kind=MONITOR)
        # after each read of a host; half of the time between two is never too long
        moves = ExtraReads(read=follow_moved, every_s=interval_s() / 2, threads=2)
        database = DatabaseThreads()
        looks = CertificateLooks(database=database), AlertLooks(database=database)
        extras = Both(ExtraReads(), moves, *looks)
        usage = Usage(database=database, interval_s=interval_s(), monitor=name)
        means = Means(database=database, extras=extras, usage=usage, interval_s=interval_s())
        supervisor = Supervisor(
            name,
            database=DatabaseThreads(size=1),
            new_watcher=lambda key: Watcher(key, means=means),
        )
        sweeper = Sweeper(name)
        senders = Senders(database=database)
        log.info("monitor %s reads every %g s", name, means.interval_s)
        try:
            sweeper.start()
            upkeep.start()
            terminals.start()
            usage.start()
            AlertTurns().start()
            for rounds in (*looks, senders, BackupLooks(database=database)):
                rounds.start()
            supervisor.run(threading.Event().wait)
        except KeyboardInterrupt:
            log.info("monitor %s ends", name)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            senders.close()
            supervisor.close()
            lifeline.close()
            live.flush(timeout_s=FLUSH_S)
        _leave()


def _leave() -> NoReturn:
    """Ends the process without taking the interpreter apart, which takes seconds while hundreds of
    connections' threads want their turn. The kernel closes what is open."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Wherever the main thread waits, be it for the database, it need not wait any longer."""
    raise KeyboardInterrupt
