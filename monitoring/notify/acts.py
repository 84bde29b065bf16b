"""What is done with channels and deliveries: each is one call, and on record, refusals as well.

What is recorded of an address is what may be shown of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.acts import record_act
from audit.record import Actor
from monitoring.notify.addresses import BadAddress, Shown, checked
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.notices import Notice
from monitoring.notify.queueing import GIVE_UP, delivery
from monitoring.notify.wanted import Wanted
from provisioning.engine.errors import BadParams, Conflict, EngineError, KeyReused, Refused
from provisioning.permission import holds
from sites.answers import NotFound

NEEDED: Final = "monitoring.manage_channel"
_WRITTEN: Final = (
    "name", "min_severity", "scope", "host", "site", "tag", "resolved", "enabled",
)  # fmt: skip
TEST_WAITS: Final = timedelta(minutes=2)


def create(wanted: Wanted, *, actor: Actor, idempotency_key: str | None = None) -> Channel:
    """Raises Refused, BadParams, Conflict, KeyReused."""
    key, by = (idempotency_key or "")[:100] or None, actor.name[:150]
    row = Channel(name=wanted.name or "", created_by=by, idempotency_key=key)
    with _recorded("create", row, actor):
        earlier = Channel.objects.filter(created_by=by, idempotency_key=key).first()
        if key and earlier is not None:
            if earlier.name != (wanted.name or "").strip():
                raise KeyReused
            return earlier
        _save("create", row, wanted, actor)
    return row


def change(key: int, wanted: Wanted, *, actor: Actor) -> Channel:
    """What is not named stays. Raises Refused, NotFound, BadParams, Conflict."""
    row = _named(key)
    with _recorded("change", row, actor):
        _save("change", row, wanted, actor)
    return row


def remove(key: int, *, actor: Actor) -> None:
    """With its deliveries, also those that wait. Raises Refused, NotFound."""
    row = _named(key)
    with _recorded("remove", row, actor):
        before = _locked(row)
        Channel.objects.filter(pk=key).delete()
        _on_record("remove", row, actor, before=before)


def test(key: int, *, actor: Actor, idempotency_key: str | None = None) -> Delivery:
    """Tells the channel that this is a test, at once and only once.

    Raises Refused, NotFound, Conflict, KeyReused.
    """
    row, once = _named(key), (idempotency_key or "")[:100] or None
    with _recorded("test", row, actor):
        _locked(row)
        earlier = Delivery.objects.filter(asked_by=actor.name[:150], idempotency_key=once).first()
        if once and earlier is not None:
            if earlier.channel_id != row.pk:
                raise KeyReused
            return earlier
        if not row.enabled:
            raise Conflict(f"{row.name} is off: turn it on to test it.", code="channel_off")
        sent = _a_test(row, actor, once)
        _on_record("test", row, actor)
    return sent


def _a_test(row: Channel, actor: Actor, once: str | None) -> Delivery:
    now = timezone.now()
    notice = Notice(
        key=f"test:{row.pk}", kind="test", severity="info",
        title=f"SiteFlow can tell you by {row.name}",
        body=f"Asked for by {actor.name}. Nothing has happened.",
        path="", host_id=None, site_id=None,
    )  # fmt: skip
    sent = delivery(notice, row, host=None, site=None, now=now)
    sent.next_at, sent.give_up_at = now, now + TEST_WAITS
    sent.asked_by, sent.idempotency_key = actor.name[:150], once
    try:
        with transaction.atomic():
            sent.save()
    except IntegrityError:  # the same request, at this very moment
        raise KeyReused from None
    return sent


def try_again(key: int, *, actor: Actor) -> Delivery:
    """A delivery that failed or was given up begins anew, at once.

    Raises Refused, NotFound, Conflict.
    """
    row = Delivery.objects.select_related("channel").filter(pk=key).first()
    with _recorded("try-again", row.channel if row else Channel(), actor):
        if row is None:
            raise NotFound("delivery")
        _begin_anew(row)
        told = {"delivery": row.pk, "title": row.title}
        _on_record("try-again", row.channel, actor, after=told)
    return row


def _begin_anew(row: Delivery) -> None:
    now = timezone.now()
    wanted = Delivery.objects.filter(pk=row.pk).exclude(state=Delivery.State.SENT)
    again = {"next_at": now, "give_up_at": now + GIVE_UP, "ended_at": None}
    if not wanted.update(state=Delivery.State.WAITING, **again):
        raise Conflict("It was sent already.", code="already_sent")
    row.refresh_from_db()


def _named(key: int) -> Channel:
    """To be named on record; whether there is such a one is told to who may know."""
    return Channel.objects.filter(pk=key).first() or Channel(pk=key)


def told_of(row: Channel) -> dict[str, Any]:
    """What is recorded and shown of a channel: everything but its address."""
    return {
        "name": row.name,
        "kind": row.kind,
        "hint": row.hint,
        "min_severity": row.min_severity,
        "scope": row.scope,
        **{name: getattr(row, f"{name}_id") for name in ("host", "site", "tag")},
        "resolved": row.resolved,
        "enabled": row.enabled,
    }


def _save(act: str, row: Channel, wanted: Wanted, actor: Actor) -> None:
    before = _locked(row) if row.pk else None
    shown = _shown(wanted, row)
    wanted.put_on(row)
    changed = list(_WRITTEN)
    if shown is not None:
        row.kind, row.hint, row.retry_at = shown.kind, shown.hint, None
        changed += ["kind", "hint", "retry_at"]
    _write(row, changed)
    if shown is not None:
        row.seal(wanted.url or "")  # bound to the row's key, which it has by now
        row.save(update_fields=["encrypted"])
    after = told_of(row) | ({"address": "new"} if shown else {})
    _on_record(act, row, actor, before=before, after=after)


def _locked(row: Channel) -> dict[str, Any]:
    """As it is now, for as long as the transaction lasts. Raises NotFound."""
    try:
        row.refresh_from_db(from_queryset=Channel.objects.select_for_update())
    except Channel.DoesNotExist:
        raise NotFound("channel") from None
    return told_of(row)


def _write(row: Channel, changed: list[str]) -> None:
    """Nothing else: the lease is its holder's."""
    try:
        with transaction.atomic():
            row.save(update_fields=changed if row.pk else None)
    except IntegrityError:
        words = f"There is a channel {row.name} already."
        raise Conflict(words, code="taken", field="name") from None


def _shown(wanted: Wanted, row: Channel) -> Shown | None:
    """None: the address stays as it is."""
    if wanted.url is None and row.pk:
        return None
    try:
        return checked(wanted.url or "")
    except BadAddress as error:
        raise BadParams(error.message, field="url") from None


@contextmanager
def _recorded(act: str, row: Channel, actor: Actor) -> Iterator[None]:
    """One transaction, for who may; what is refused is taken back, and on record all the same."""
    name = row.name
    try:
        with transaction.atomic():
            if not holds(actor, NEEDED, None):
                raise Refused(f"{actor.name or 'You'} may not manage channels of notifications.")
            yield
    except EngineError as error:
        row.name = name
        _on_record(act, row, actor, error=error)
        raise


def _on_record(act: str, row: Channel, actor: Actor, **told: Any) -> None:
    record_act(f"channel.{act}", actor=actor, key=row.pk, name=row.name, **told)
