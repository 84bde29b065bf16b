"""Tells whoever looks what is used, as it is read: few messages a tick, whoever looks at what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from monitoring.metrics import SeriesKey
from monitoring.rates import Readings
from monitoring.usage.looks import Looked
from sites.live import Scope, publish

_PERMISSIONS: Final = {
    "host": "sites.view_host",
    "site": "sites.view_site",
    "container": "sites.view_container",
}


class Reading(NamedTuple):
    values: Readings
    source: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One sample of a host. ``later`` are containers that were not read this time only: Docker
    takes a second for each."""

    found: Mapping[SeriesKey, Reading]
    later: Collection[SeriesKey] = ()


def topic_of(key: SeriesKey) -> str:
    if key.kind == "container":
        return f"metrics.{key.part}"
    return f"metrics.{key.kind}.{key.part or key.host}"


def tell(host: int, looked: Looked, tick: Tick, *, at: datetime) -> None:
    """Values of what was read, and none of what was not there to be read."""
    items = {
        key: _known(key, tick.found.get(key))
        for key in looked.keys
        if key in tick.found or key not in tick.later
    }
    _send(host, items, looked, at=at)


def tell_unknown(host: int, looked: Looked, *, at: datetime, since: datetime | None) -> None:
    """The host is not read: nobody knows what is used there since then."""
    items = {key: item_of(key, known=False, unknown_since=since) for key in looked.keys}
    _send(host, items, looked, at=at)


def _known(key: SeriesKey, reading: Reading | None) -> dict[str, Any]:
    if reading is None:
        return item_of(key, known=True, values={})
    values = {name: round(value, 3) for name, value in reading.values.items()}
    return item_of(key, known=True, source=reading.source, values=values)


def item_of(key: SeriesKey, **told: Any) -> dict[str, Any]:
    """One thing as messages and snapshots tell it."""
    nothing = {"known": False, "unknown_since": None, "source": None, "values": None}
    return {"kind": key.kind, "id": key.part or key.host, **nothing, **told}


def _send(
    host: int, items: Mapping[SeriesKey, dict[str, Any]], looked: Looked, *, at: datetime
) -> None:
    """A message is about one site at most, and needs one permission, so that it can be decided
    whole who gets it."""
    batches = defaultdict[tuple[str, int | None], list[SeriesKey]](list)
    for key in sorted(items):
        of = {"host": None, "site": key.part, "container": looked.sites.get(key.part)}
        batches[key.kind, of[key.kind]].append(key)
    for (kind, site), keys in batches.items():
        scope: Scope = {"permission": _PERMISSIONS[kind], "host": host, "site": site}
        message = {"type": "metrics.update", "at": at, "host": host}
        chosen = [items[key] for key in keys]
        publish([topic_of(key) for key in keys], {**message, "items": chosen}, scope=scope)
