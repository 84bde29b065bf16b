"""An event as sockets tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from monitoring.events.models import HostEvent

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def event_out(row: HostEvent) -> dict[str, Any]:
    """One with ``host`` selected. ``at`` is by the host's own clock."""
    return {
        "id": row.pk,
        "host": row.host_id,
        "host_name": row.host.name,
        "at": _EPOCH + timedelta(microseconds=row.at_ns // 1000),
        "type": row.type,
        "action": row.action,
        "name": row.name,
        "actor": row.actor,
        "container": row.container,
        "site": row.site,
        "attributes": row.attributes,
    }
