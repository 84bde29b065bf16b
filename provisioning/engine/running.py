"""An operation while it runs: its steps, output, journal, and the lease that says we live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from provisioning.engine import canary, failpoints, sealing
from provisioning.engine.recorded import actor_of
from provisioning.live import publish_lines, publish_operation
from provisioning.models import LEASE, Operation, OutputLine, Step
from provisioning.operations.contract import Verb, VerbError

RENEW_S = 5
MAX_LINES = 5_000
MAX_LINE = 4_000  # characters


class Cancelled(Exception):
    """Somebody asked for it to end; the verb stops at its next step."""


class LeaseLost(Exception):
    """Another worker has taken the operation over; whatever this one does now must not count."""


class GoneAlready(Exception):
    """The worker before removed the target, as was asked for, and died before it could say so."""


class DeadlinePassed(Exception):
    """The verb's own deadline; what a call to the host may take is limited by the driver."""

    code = "deadline"
    advice = "The host is slow or hangs; look at its load, then try again."

    def __init__(self, kind: str, deadline_s: int) -> None:
        self.message = f"{kind} was not finished within {deadline_s} s."
        super().__init__(self.message)


class Run:
    """What a verb is given as ``op``. See `provisioning.operations.contract.Op`."""

    def __init__(self, row: Operation) -> None:
        self.row = row
        self.params: Any = None
        self.target: Any = None
        self.message = ""
        self.result: dict[str, Any] = {}
        self.taken_over = row.attempts > 1
        self.actor = actor_of(row)
        self._lost = threading.Event()
        self._deadline_s = 0

    def load_target(self, verb: Verb) -> None:
        """Reads the target anew and the parameters as the verb's own type."""
        self.params = sealing.opened(self.row, verb)
        self._deadline_s = verb.deadline_s
        if verb.target is not None:
            self.target = verb.target._default_manager.filter(pk=self.row.target_id).first()
            if self.target is None and (message := self.recall("gone")):
                raise GoneAlready(message)
            if self.target is None:
                raise VerbError(f"{self.row.target_name} is no longer there.", code="not_found")

    @contextmanager
    def step(self, name: str, *, percent: int, goes_on: bool = False) -> Iterator[None]:
        """Journals the step before and after; a step that raises is marked as failed."""
        if not goes_on:
            self._check()
        step = Step(operation=self.row, name=name, percent=percent, attempt=self.row.attempts)
        step.status, step.started_at = Operation.Status.RUNNING, timezone.now()
        with transaction.atomic():
            step.save(force_insert=True)
            self._update(step=name, percent=percent)
        failpoints.hit(self.row.kind, name, "before")
        try:
            yield
            failpoints.hit(self.row.kind, name, "after")
        except Exception as error:  # whatever it is, the step ends; the caller gets it
            self._end(step, Operation.Status.FAILED, error=str(error))
            raise
        self._end(step, Operation.Status.SUCCEEDED)

    def advance(self, percent: int) -> None:
        self._check()
        if percent > self.row.percent:
            self._update(percent=min(percent, 99))

    def say(self, text: str, *, stream: str = "stdout") -> None:
        now = timezone.now()
        room = MAX_LINES - self.row.lines
        texts = [line[:MAX_LINE].replace("\0", "") for line in text.splitlines()][:room]
        lines = [
            OutputLine(operation=self.row, number=number, stream=stream, text=line, at=now)
            for number, line in enumerate(texts, start=self.row.lines + 1)
        ]
        with transaction.atomic():
            OutputLine.objects.bulk_create(lines)
            self._update(lines=self.row.lines + len(lines))
            transaction.on_commit(lambda: publish_lines(self.row, lines))

    def remember(self, **values: Any) -> None:
        self._update(journal={**self.row.journal, **values})

    def recall(self, key: str) -> Any:
        return self.row.journal.get(key)

    def conclude(self, message: str, **result: Any) -> None:
        self.message, self.result = message, result

    def tail(self) -> str:
        """The last lines of output, oldest first, for the audit."""
        last = OutputLine.objects.filter(operation=self.row).order_by("-number")[:200]
        return "\n".join(reversed([line.text for line in last]))

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Renews the lease from a thread of its own for as long as the verb runs."""
        ended = threading.Event()
        thread = threading.Thread(target=self._renew, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEW_S):
            try:
                kept = self._ours().update(lease_until=timezone.now() + LEASE)
            finally:
                connection.close()
            canary.touch()
            if not kept:
                return self._lost.set()

    def _ours(self) -> Any:
        return Operation.objects.filter(
            pk=self.row.pk,
            worker=self.row.worker,
            attempts=self.row.attempts,
            status=Operation.Status.RUNNING,
        )

    def _check(self) -> None:
        """Between steps: are we still meant to go on?"""
        now = self._ours().values_list("cancel_requested_at", "cancel_requested_by").first()
        if now is None or self._lost.is_set():
            raise LeaseLost
        if now[0]:
            self.row.cancel_requested_by = now[1]
            raise Cancelled
        if self._deadline_s and self._took_s() > self._deadline_s:
            raise DeadlinePassed(self.row.kind, self._deadline_s)

    def _took_s(self) -> float:
        begun = self.row.started_at or timezone.now()
        return (timezone.now() - begun).total_seconds()

    def _end(self, step: Step, status: str, *, error: str = "") -> None:
        step.status, step.error, step.finished_at = status, error[:2_000], timezone.now()
        step.save(update_fields=["status", "error", "finished_at"])
        publish_operation(self.row, steps=True)

    def _update(self, **values: Any) -> None:
        """Writes to the row while it is ours, and shows it."""
        if not self._ours().update(**values, version=F("version") + 1):
            raise LeaseLost
        for name, value in values.items():
            setattr(self.row, name, value)
        self.row.version += 1
        if "journal" not in values:
            publish_operation(self.row, steps="step" in values)
