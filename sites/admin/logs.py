"""What the page of a log needs: where it comes from, and where it can be had as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sites.models import Container, Site

TAIL: Final = 500
MAX_FILES: Final = 4  # more buttons than that help nobody


def container_log(row: Container) -> dict[str, Any]:
    return {
        "log_socket": f"/ws/containers/{row.pk}/logs",
        "log_container": row.pk,
        "log_name": row.name,
        "log_tail": TAIL,
        "log_files": [_file(row, "Download")],
    }


def site_logs(site: Site, containers: Iterable[Container]) -> dict[str, Any]:
    files = [_file(row, row.compose_service or row.name) for row in containers]
    return {
        "log_socket": f"/ws/sites/{site.pk}/logs",
        "log_name": site.name,
        "log_tail": TAIL,
        "log_files": files if len(files) <= MAX_FILES else [],
    }


def _file(row: Container, label: str) -> dict[str, str]:
    return {"path": f"/api/containers/{row.pk}/logs", "label": label}
