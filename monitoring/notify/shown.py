"""Channels and deliveries as programs and people see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django_filters import FilterSet, MultipleChoiceFilter, NumberFilter
from ninja import Field, Schema

from monitoring.notify.models import Channel, Delivery, Severity
from monitoring.notify.services import label_of
from sites.answers import MAX_KEY


class ChannelOut(Schema):
    """Everything but the address, of which only ``kind`` and ``hint`` are ever shown."""

    id: int
    name: str
    kind: str
    service: str
    hint: str
    min_severity: str
    scope: str
    host: int | None
    site: int | None
    tag: int | None
    of: str = Field(description="what its scope is about, in words")
    resolved: bool
    enabled: bool
    failing_until: datetime | None = Field(description="it failed, and is tried again then")
    created_at: datetime


class DeliveryOut(Schema):
    """``state``: waiting, failed (is tried again at ``next_at``), sent or given_up."""

    id: int
    channel: int
    channel_name: str
    key: str
    kind: str
    severity: str
    title: str
    body: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    error: str


def channel_out(row: Channel) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "service": label_of(row.kind),
        "hint": row.hint,
        "min_severity": row.min_severity,
        "scope": row.scope,
        "host": row.host_id,
        "site": row.site_id,
        "tag": row.tag_id,
        "of": words_of(row),
        "resolved": row.resolved,
        "enabled": row.enabled,
        "failing_until": row.retry_at,
        "created_at": row.created_at,
    }


def words_of(row: Channel) -> str:
    """What its scope is about; when that is gone, it is told nothing."""
    if row.scope == Channel.Scope.EVERYTHING:
        return "everything"
    thing = getattr(row, row.scope)
    return f"{row.scope} {thing}" if thing else f"a {row.scope} that is gone"


def delivery_out(row: Delivery) -> dict[str, Any]:
    waits = row.state in Delivery.ACTIVE
    return {
        "id": row.pk,
        "channel": row.channel_id,
        "channel_name": row.channel.name,
        "key": row.key,
        "kind": row.kind,
        "severity": row.severity,
        "title": row.title,
        "body": row.body,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_at": row.next_at if waits else None,
        "ended_at": row.ended_at,
        "error": row.error,
    }


class DeliveryFilter(FilterSet):  # type: ignore[misc]
    channel = NumberFilter(
        field_name="channel_id", min_value=0, max_value=MAX_KEY, help_text="key of the channel"
    )
    state = MultipleChoiceFilter(
        choices=Delivery.State.choices, distinct=False, help_text="may be repeated"
    )
    kind = MultipleChoiceFilter(
        choices=Delivery.Kind.choices, distinct=False, help_text="may be repeated"
    )
    severity = MultipleChoiceFilter(
        choices=Severity.choices, distinct=False, help_text="may be repeated"
    )
