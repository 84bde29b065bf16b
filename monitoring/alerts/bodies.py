"""What is sent about alerts, rules and maintenance windows, and the rows that it names."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.db.models import Model, QuerySet
from ninja import Field, Schema

from audit.moments import Moment
from monitoring.alerts.acts import MAX_NOTE, MAX_WHY, Span
from monitoring.alerts.kinds import Kind
from provisioning.engine.errors import BadParams
from sites.answers import MAX_KEY, found
from sites.models import Host, Site, Tag
from sites.rights import Viewer

_LARGEST: Final = 1e18
Severities = Literal["critical", "warning", "info"]


class AcknowledgeIn(Schema):
    note: str = Field("", max_length=MAX_NOTE)


class MuteIn(Schema):
    until: Moment | None = Field(description="null: whoever gets notices hears again")
    note: str = Field("", max_length=MAX_NOTE)


class RulePatch(Schema):
    """``of`` and ``metric``: what of what; in percent of one core, bytes or what its name says."""

    name: str | None = Field(None, max_length=100)
    severity: Severities | None = None
    enabled: bool | None = None
    for_s: int | None = Field(None, ge=0, le=604_800)
    clear_for_s: int | None = Field(None, ge=0, le=604_800)
    of: Literal["", "container", "site", "host", "disk"] | None = None
    metric: str | None = Field(None, max_length=40)
    direction: Literal["above", "below"] | None = None
    threshold: float | None = Field(None, ge=-_LARGEST, le=_LARGEST)
    clear_threshold: float | None = Field(None, ge=-_LARGEST, le=_LARGEST)
    host: int | None = Field(None, ge=1, le=MAX_KEY)
    site: int | None = Field(None, ge=1, le=MAX_KEY)
    tag: str | None = Field(None, max_length=50)


class RuleIn(RulePatch):
    """What is left out is as in a new rule: on, for everything, one minute each."""

    name: str = Field(max_length=100)
    kind: str = Field(description=f"one of {', '.join(Kind.values)}", max_length=20)
    severity: Severities = "warning"


# What may be taken away by null; of all else null says nothing.
_MAY_BE_NULL: Final = frozenset({"threshold", "clear_threshold", "host", "site", "tag"})


def rule_values(body: RulePatch) -> dict[str, Any]:
    """Columns of a rule, of what was sent. Raises BadParams for what is not there."""
    sent = body.model_dump(exclude_unset=True)
    values = {
        name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NULL
    }
    for name, kind in (("host", Host), ("site", Site)):
        if values.get(name) is not None:
            values[name] = _there(kind.objects.all(), name, pk=values[name])
    if values.get("tag") is not None:
        values["tag"] = _there(Tag.objects.all(), "tag", name=values["tag"])
    return values


def _there(rows: QuerySet[Any], field: str, **which: Any) -> Model:
    row: Model | None = rows.filter(**which).first()
    if row is None:
        raise BadParams(f"There is no such {field}.", field=field)
    return row


class MaintenancePatch(Schema):
    begins_at: Moment | None = None
    ends_at: Moment | None = None
    why: str | None = Field(None, max_length=MAX_WHY)


class MaintenanceIn(Schema):
    """For one of host, site and tag; without any, for everything."""

    begins_at: Moment
    ends_at: Moment
    why: str = Field(max_length=MAX_WHY)
    host: int | None = Field(None, ge=1, le=MAX_KEY)
    site: int | None = Field(None, ge=1, le=MAX_KEY)
    tag: str | None = Field(None, max_length=50)


def span_of(sent: dict[str, Any], user: Viewer) -> Span:
    """What one may not see is not there. Raises NotFound, BadParams."""
    host, site, tag = sent.get("host"), sent.get("site"), sent.get("tag")
    return Span(
        begins_at=sent["begins_at"],
        ends_at=sent["ends_at"],
        why=sent["why"],
        host=found(Host.objects.visible_to(user), host) if host else None,
        site=found(Site.objects.visible_to(user), site) if site else None,
        tag=_tag(tag) if tag else None,
    )


def _tag(name: str) -> Tag:
    row = Tag.objects.filter(name=name).first()
    if row is None:
        raise BadParams("There is no such tag.", field="tag")
    return row
