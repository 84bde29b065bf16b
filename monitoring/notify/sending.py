"""The senders: a thread of the monitor that looks for what is due, and one for each message.

In the monitor and not behind the worker's queue: only the engine knows the queue, its workers are
for operations, which a slow mail server must not keep waiting, and what is tried again later or
gathered for a moment needs somebody who looks at the clock. The rows are the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final

from django.utils import timezone

from monitoring.database import Database
from monitoring.notify.claiming import Claim, Due, claim, due, failed, give_up, told
from monitoring.notify.services import BY_SCHEMA, EVERYWHERE
from monitoring.notify.wording import message_of
from monitoring.rounds import Rounds
from provisioning.drivers.notify import Message, Service, tell
from sites.encryption import CannotDecrypt

log = logging.getLogger(__name__)

Tell = Callable[[Service, Message], str]
TURN_S: Final = 1.0
AT_ONCE: Final = 8  # messages; those that failed the last time share half of them
_OUR_MISTAKE: Final = "SiteFlow could not make the message; its log says more."


class Senders(Rounds[Due]):
    """``tell`` is what talks to services. A message that was under way at the end may be told, and
    told again by the next monitor when its lease has ended."""

    what = "notify"
    rest_s = 0.0  # the lease is rest enough

    def __init__(
        self,
        *,
        database: Database,
        tell: Tell = tell,
        turn_s: float = TURN_S,
        at_once: int = AT_ONCE,
    ) -> None:
        super().__init__(database=database, turn_s=turn_s)
        self._tell = tell
        self._at_once = at_once

    def _due(self, busy: Collection[int]) -> Mapping[int, Due]:
        self._database(lambda: give_up(now=timezone.now()))
        under_way, begun = list(self._under_way.values()), dict[int, Due]()
        for one in self._database(lambda: due(now=timezone.now())):
            if one.key not in busy and self._has_room(one, [*under_way, *begun.values()]):
                begun[one.key] = one
        return begun

    def _has_room(self, one: Due, others: Collection[Due]) -> bool:
        ailing = sum(other.ailing for other in others)
        too_many_ailing = one.ailing and ailing >= max(1, self._at_once // 2)
        return len(others) < self._at_once and not too_many_ailing

    def _look_at(self, key: int, thing: Due) -> None:
        taken = self._database(lambda: claim(key, now=timezone.now()))
        if taken is not None:
            self._settle(taken, self._error_of(taken))

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
