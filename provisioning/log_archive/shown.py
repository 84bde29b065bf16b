"""Kept logs as they are told."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from provisioning.log_archive.models import LogArchive
from sites.rights import Viewer


def archive_rows(user: Viewer) -> QuerySet[LogArchive]:
    """Without what is in them."""
    return LogArchive.objects.visible_to(user).defer("encrypted").select_related(None)


def archive_out(row: LogArchive) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "docker_id": row.docker_id,
        "host": row.host_id,
        "site": row.site_id,
        "site_name": row.site_name,
        "release": row.release,
        "operation": row.operation_id,
        "lines": row.lines,
        "is_whole": row.is_whole,
        "size_bytes": row.size_bytes,
        "first_at": row.first_at or None,
        "last_at": row.last_at or None,
        "created_at": row.created_at,
    }
