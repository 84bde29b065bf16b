"""What can be watched: the kinds of rules, and the values that thresholds can be set for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import models

from monitoring.metrics import METRICS


class Severity(models.TextChoices):
    """The worst first, as lists are ordered by it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Kind(models.TextChoices):
    HOST_UNREACHABLE = "host_unreachable", "host unreachable"
    DOCKER_DOWN = "docker_down", "Docker down"
    CONTAINER_DOWN = "container_down", "container down"
    CONTAINER_UNHEALTHY = "container_unhealthy", "container unhealthy"
    CONTAINER_RESTARTING = "container_restarting", "container restarting"
    SITE_DOWN = "site_down", "site not answering"
    CERTIFICATE = "certificate", "certificate"
    BACKUP_STALE = "backup_stale", "backup too old or missing"
    BACKUP_SHRUNKEN = "backup_shrunken", "backup shrunken"
    NAS_UNREADABLE = "nas_unreadable", "NAS not readable"
    OPERATION_FAILED = "operation_failed", "operation failed"
    THRESHOLD = "threshold", "threshold"
    DISK_FILLING = "disk_filling", "disk filling up"


class Type(models.TextChoices):
    """What an alert can be about."""

    HOST = "host"
    DISK = "disk"
    SITE = "site"
    DOMAIN = "domain"
    CONTAINER = "container"
    OPERATION = "operation"


# Where each is looked at, in words for people.
SOURCES: Final[dict[str, str]] = {
    Kind.HOST_UNREACHABLE: "the monitor’s connection to the host",
    Kind.DOCKER_DOWN: "the monitor’s connection to the host",
    Kind.CONTAINER_DOWN: "Docker’s events and reads",
    Kind.CONTAINER_UNHEALTHY: "Docker’s events and reads",
    Kind.CONTAINER_RESTARTING: "Docker’s events and reads",
    Kind.SITE_DOWN: "a request from the site’s own host",
    Kind.CERTIFICATE: "the certificate as served and as on disk",
    Kind.BACKUP_STALE: "the folders on the NAS",
    Kind.BACKUP_SHRUNKEN: "the folders on the NAS",
    Kind.NAS_UNREADABLE: "the folders on the NAS",
    Kind.OPERATION_FAILED: "SiteFlow’s own operations",
    Kind.THRESHOLD: "the averages of the last minute",
    Kind.DISK_FILLING: "the disk’s last hour",
}


@dataclass(frozen=True, slots=True)
class Metric:
    unit: str
    words: str


# Made of what is measured: what people think in, the same for small and large machines.
_DERIVED: Final[dict[str, dict[str, Metric]]] = {
    "container": {"memory_percent": Metric("%", "memory of its limit")},
    "site": {},
    "host": {
        "cpu_total_percent": Metric("%", "CPU of all cores"),
        "memory_percent": Metric("%", "memory"),
        "load5_per_cpu": Metric("", "load of 5 minutes per core"),
    },
    "disk": {"used_percent": Metric("%", "disk used")},
}
_UNITS: Final = {"percent of one core": "%", "bytes per second": "bytes/s"}


def _measured(kind: str) -> dict[str, Metric]:
    return {
        name: Metric(_UNITS.get(unit, unit), name.replace("_", " "))
        for name, unit in METRICS[kind].items()
    }


# By what it is of: the derived ones first.
VALUES: Final[dict[str, dict[str, Metric]]] = {
    kind: {**_DERIVED[kind], **_measured(kind)} for kind in METRICS
}
