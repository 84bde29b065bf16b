"""Verbs that change only our own rows: they end in the transaction that accepts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from django.db.models import Model
from django.utils import timezone
from pydantic import BaseModel

from audit.record import Actor, record
from provisioning.drivers.host import HostDriver
from provisioning.live import publish_operation
from provisioning.models import Operation
from provisioning.operations.contract import Verb
from sites.models import Host, Site
from sites.rights import Place

NO_HOST: Final = cast(HostDriver, None)  # inline verbs reach no host: whoever tries to, fails


@dataclass
class InlineOp:
    """A run with no steps worth watching; what it says and concludes goes on the row."""

    row: Operation
    target: Any
    params: Any
    actor: Actor
    taken_over: bool = False
    said: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, *, percent: int, goes_on: bool = False) -> Iterator[None]:
        self.row.step = name
        yield

    def advance(self, percent: int) -> None:
        """Nobody watches it."""

    def say(self, text: str, *, stream: str = "stdout") -> None:
        self.said.append(text)

    def remember(self, **values: Any) -> None:
        self.row.journal.update(values)

    def recall(self, key: str) -> Any:
        return self.row.journal.get(key)

    def conclude(self, message: str, **result: Any) -> None:
        self.row.message, self.row.result = message, result


def run_inline(
    verb: Verb, row: Operation, target: Model | None, params: BaseModel, actor: Actor
) -> None:
    """Runs the verb, then writes outcome and audit. Raises what the verb raises: all is undone."""
    op = InlineOp(row, target, params, actor)
    place = row.place
    verb.run(op, NO_HOST)
    now = timezone.now()
    row.status, row.percent, row.attempts = Operation.Status.SUCCEEDED, 100, 1
    row.started_at, row.finished_at = row.created_at, now
    row.target_id = row.target_id or row.result.get("host")
    if row.target_type == "host":
        row.host = Host.objects.filter(pk=row.target_id).first()  # new, or gone by now
    if row.site_id is not None:
        row.site = Site.objects.filter(pk=row.site_id).first()  # it may be gone as well
    row.message = row.message or f"{row.target_name}: {verb.done}."
    row.save()
    duration_ms = (now - row.created_at).total_seconds() * 1000
    # Of what is gone by now, the place it had.
    _on_record(row, actor, op, duration_ms, row.place if place == (None, None) else place)
    publish_operation(row)


def _on_record(
    row: Operation, actor: Actor, op: InlineOp, duration_ms: float, place: Place
) -> None:
    about: dict[str, Any] = {
        "action": row.kind,
        "actor": actor,
        "target_type": row.target_type,
        "target_id": row.target_id or "",
        "target_name": row.target_name,
        "host_name": row.host_name,
        "place": place,
        "operation_id": row.pk,
    }
    record(phase="intent", status="accepted", after=row.params or None, **about)
    record(
        phase="outcome",
        status="succeeded",
        before=op.recall("before"),
        after=op.recall("after"),
        output="\n".join(op.said),
        duration_ms=duration_ms,
        **about,
    )
