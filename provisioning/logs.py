"""The end of a container's log, as its host has it now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provisioning.drivers.pool import host_driver
from provisioning.targets import target_of
from sites.models import Container

MAX_LINES = 10_000


def read_log(
    row: Container, *, tail: int, since: datetime | None = None, search: str = ""
) -> dict[str, Any]:
    """The last ``tail`` lines, of them those with ``search`` in any case. Raises DriverError."""
    driver = host_driver(target_of(row.host))
    read = driver.docker.logs(
        row.docker_id, tail=tail, since=int(since.timestamp()) if since else None
    )
    wanted = search.casefold()
    lines = [line for line in read if wanted in line.casefold()]
    return {"container": row.pk, "lines": lines, "read": len(read)}
