"""A container as its host has it now: Docker's own description, and the limits it has."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from provisioning.drivers.parse_limits import Limits, limits_of
from provisioning.drivers.pool import host_driver
from provisioning.inspect_masks import masked
from provisioning.targets import target_of
from sites.models import Container
from sites.rights import Viewer, may_on


def read(row: Container) -> tuple[dict[str, Any], datetime]:
    """As it is, secrets included, and when it was asked for. Raises DriverError."""
    at = timezone.now()
    return host_driver(target_of(row.host)).docker.inspect(row.docker_id), at


def inspect(row: Container, *, user: Viewer) -> dict[str, Any]:
    """For who may see the container; how the host is laid out for who sees the host as well."""
    return shown(row, *read(row), sees_host=may_on(user, "sites.view_host", row.host))


def shown(
    row: Container, answer: dict[str, Any], at: datetime, *, sees_host: bool
) -> dict[str, Any]:
    return {
        "container": row.pk,
        "observed_at": at,
        "source": f"docker inspect on {row.host.name}",
        "limits": limits_out(limits_of(answer)),
        "inspect": masked(answer, sees_host=sees_host),
    }


def limits_out(limits: Limits) -> dict[str, Any]:
    return asdict(limits)
