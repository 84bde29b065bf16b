"""The senders: a thread of the monitor that looks for what is due, and one for each message.

In the monitor and not behind the worker's queue: only the engine knows the queue, its workers are
for operations, which a slow mail server must not keep waiting, and what is tried again later or
gathered for a moment needs somebody who looks at the clock. The rows are the queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from django.utils import timezone

from monitoring.database import DATABASE_GONE, Database
from monitoring.notify.claiming import Claim, Due, claim, due, failed, give_up, told
from monitoring.notify.services import BY_SCHEMA, EVERYWHERE
from monitoring.notify.wording import message_of
from provisioning.drivers.notify import Message, Service, tell
from sites.encryption import CannotDecrypt

log = logging.getLogger(__name__)

Tell = Callable[[Service, Message], str]
TURN_S: Final = 1.0
AT_ONCE: Final = 8  # messages; those that failed the last time share half of them
_OUR_MISTAKE: Final = "SiteFlow could not make the message; its log says more."


class Senders:
    """Looks every ``turn_s`` until ``close``; ``tell`` is what talks to services."""

    def __init__(
        self,
        *,
        database: Database,
        tell: Tell = tell,
        turn_s: float = TURN_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._database = database
        self._tell = tell
        self._turn_s = turn_s
        self._at_once = at_once
        self._under_way: dict[int, bool] = {}  # channel → whether it was ailing
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, timeout_s: float = 0.5) -> None:
        """Begins nothing more. What is under way may be told, and told again by the next monitor
        when the lease has ended."""
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.turn()
            except DATABASE_GONE as error:
                log.info("notifications: the database failed, trying again: %s", error)
            except Exception:  # a mistake of ours in one round must not end all later ones
                log.exception("looking for due notifications failed unexpectedly")

    def turn(self) -> None:
        self._database(lambda: give_up(now=timezone.now()))
        for one in self._database(lambda: due(now=timezone.now())):
            if self._begin(one):
                name = f"notify-{one.key}"
                threading.Thread(target=self._send, args=(one.key,), name=name, daemon=True).start()

    def _begin(self, one: Due) -> bool:
        with self._lock:
            ailing = sum(self._under_way.values())
            full = len(self._under_way) >= self._at_once
            too_many_ailing = one.ailing and ailing >= max(1, self._at_once // 2)
            if one.key in self._under_way or full or too_many_ailing:
                return False
            self._under_way[one.key] = one.ailing
            return True

    def _send(self, key: int) -> None:
        try:
            taken = self._database(lambda: claim(key, now=timezone.now()))
            if taken is not None:
                self._settle(taken, self._error_of(taken))
        except DATABASE_GONE as error:
            log.warning("what channel %s was told could not be stored: %s", key, error)
        except Exception:  # a mistake of ours: the other channels go on, this one after its lease
            log.exception("telling channel %s failed unexpectedly", key)
        finally:
            with self._lock:
                self._under_way.pop(key, None)

    def _settle(self, taken: Claim, error: str) -> None:
        if not error:
            return self._database(lambda: told(taken, now=timezone.now()))
        log.info("channel %s was not told: %s", taken.channel.pk, error)
        return self._database(lambda: failed(taken, error, now=timezone.now()))

    def _error_of(self, taken: Claim) -> str:
        try:
            known = BY_SCHEMA.get(taken.channel.kind)
            if known is None:
                return "Its service is none that SiteFlow tells."
            url = taken.channel.reveal()
            service = Service(url, taken.channel.kind, known.params | EVERYWHERE, known.free)
            return self._tell(service, message_of(taken.rows, chat=known.chat))
        except CannotDecrypt:
            return "Its address cannot be decrypted: SITEFLOW_ENCRYPTION_KEYS lacks its key."
        except Exception:  # a mistake of ours, which waits as long as a service's own
            log.exception("the message for channel %s could not be made", taken.channel.pk)
            return _OUR_MISTAKE
