"""The JSON shape of what rests in quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from provisioning.quarantine.models import Quarantine


class QuarantineOut(Schema):
    """``folder`` is where the files rest on the host; empty when they were left in their place."""

    id: int
    host: int
    host_name: str
    name: str
    volumes: list[str]
    folder: str
    created_by: str
    created_at: datetime
    until: datetime


def quarantine_out(row: Quarantine) -> dict[str, Any]:
    """With ``host`` selected."""
    return {
        "id": row.pk,
        "host": row.host_id,
        "host_name": row.host.name,
        "name": row.name,
        "volumes": row.volumes,
        "folder": row.folder,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "until": row.until,
    }
