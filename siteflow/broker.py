"""django-q2's database queue with a doorbell: a task begins when it is put in, not at a poll."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from siteflow.doorbell import Doorbell, LocalDoorbell, RedisDoorbell

logger = logging.getLogger(__name__)

POLL_S: Final = 0.5  # also how soon the queue's reader notices that it should stop


class DoorbellBroker(ORM):  # type: ignore[misc]
    """Set as ``broker_class`` beside ``orm``, which still names the database."""

    @staticmethod
    def get_connection(list_key: str | None = None) -> QuerySet[OrmQ]:
        """Unlike the parent's, leaves the caller's database connection open."""
        rows: QuerySet[OrmQ] = OrmQ.objects.using(Conf.ORM)
        return rows

    def enqueue(self, task: str) -> int:
        """Rings when the row is committed: at once, or at the end of the transaction."""
        pk: int = super().enqueue(task)
        transaction.on_commit(doorbell_of(self.list_key).ring, using=Conf.ORM, robust=True)
        return pk

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next tasks, oldest first; None when there was nothing until the wait ended."""
        try:
            seen, claimed = self._claim()
        except Error as error:
            logger.warning("The queue cannot be read, trying again: %s", error)
            connections[Conf.ORM].close()
            seen, claimed = 0, []
        if not seen:
            doorbell_of(self.list_key).wait(timeout_s=POLL_S)
        return claimed or None

    def _claim(self) -> tuple[int, list[tuple[int, str]]]:
        rows = list(
            self.get_connection()
            .filter(key=self.list_key, lock__lte=timezone.now())
            .order_by("pk")
            .values_list("pk", "payload", "lock")[: Conf.BULK]
        )
        mine = [(pk, payload) for pk, payload, lock in rows if self._take(pk, lock)]
        return len(rows), mine

    def _take(self, pk: int, lock: Any) -> bool:
        """False when another cluster was faster."""
        until = self.timeout(None)
        return self.get_connection().filter(pk=pk, lock=lock).update(lock=until) == 1


@cache
def doorbell_of(queue: str) -> Doorbell:
    """The process's bell for the queue; the same place for all processes."""
    if settings.REDIS_URL:
        return RedisDoorbell(url=settings.REDIS_URL, key=f"siteflow:doorbell:{queue}")
    return LocalDoorbell(settings.DATA_DIR / "bus-q")
