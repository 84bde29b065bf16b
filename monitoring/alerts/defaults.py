"""The rules that SiteFlow comes with. People may change them and switch them off; they can be
restored, but not removed: one that was would be back after the next start."""

from __future__ import annotations

from typing import Any, Final

from monitoring.alerts.kinds import Kind, Severity
from monitoring.alerts.models import Rule

_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING
_NOT_SET: Final[dict[str, Any]] = {
    "enabled": True, "for_s": 60, "clear_for_s": 60, "of": "", "metric": "",
    "direction": Rule.Direction.ABOVE, "threshold": None, "clear_threshold": None,
    "host": None, "site": None, "tag": None,
}  # fmt: skip


def _state(name: str, kind: Kind, severity: Severity, for_s: int, clear_for_s: int) -> Any:
    told = {"name": name, "kind": kind, "severity": severity}
    return {**_NOT_SET, **told, "for_s": for_s, "clear_for_s": clear_for_s}


def _above(
    name: str, severity: Severity, of: str, metric: str, limit: float, clear: float, for_s: int
) -> Any:
    found = _state(name, Kind.THRESHOLD, severity, for_s, 60)
    return {**found, "of": of, "metric": metric, "threshold": limit, "clear_threshold": clear}


SHIPPED: Final[dict[str, dict[str, Any]]] = {
    "host-unreachable": _state("Host unreachable", Kind.HOST_UNREACHABLE, _CRITICAL, 30, 30),
    "docker-down": _state("Docker down", Kind.DOCKER_DOWN, _CRITICAL, 30, 30),
    "container-down": _state("Container down", Kind.CONTAINER_DOWN, _CRITICAL, 30, 30),
    "container-unhealthy": _state(
        "Container unhealthy", Kind.CONTAINER_UNHEALTHY, _WARNING, 120, 60
    ),
    "container-restarting": _state(
        "Container restarting", Kind.CONTAINER_RESTARTING, _WARNING, 120, 60
    ),
    # Asked once a minute, and sooner once it is silent: two looks at least.
    "site-down": _state("Site not answering", Kind.SITE_DOWN, _CRITICAL, 45, 30),
    "certificate": _state("Certificate", Kind.CERTIFICATE, _CRITICAL, 0, 0),
    "backup-stale": _state("Backup too old", Kind.BACKUP_STALE, _WARNING, 0, 0),
    "backup-shrunken": _state("Backup shrunken", Kind.BACKUP_SHRUNKEN, _WARNING, 0, 0),
    # Looked at again after some minutes: once may be no more than a moment.
    "nas-unreadable": _state("NAS not readable", Kind.NAS_UNREADABLE, _WARNING, 900, 0),
    "operation-failed": _state("Operation failed", Kind.OPERATION_FAILED, _WARNING, 0, 0),
    "host-cpu": _above("CPU of a host", _WARNING, "host", "cpu_total_percent", 90, 80, 600),
    "host-memory": _above("Memory of a host", _WARNING, "host", "memory_percent", 92, 85, 600),
    "host-load": _above("Load of a host", _WARNING, "host", "load5_per_cpu", 4, 3, 900),
    "container-memory": _above(
        "Memory of a container", _WARNING, "container", "memory_percent", 92, 85, 600
    ),
    "disk": _above("Disk getting full", _WARNING, "disk", "used_percent", 85, 80, 120),
    "disk-full": _above("Disk nearly full", _CRITICAL, "disk", "used_percent", 95, 92, 60),
    "disk-filling": {
        **_state("Disk full within a day", Kind.DISK_FILLING, _WARNING, 1800, 300),
        "direction": Rule.Direction.BELOW, "threshold": 24.0, "clear_threshold": 36.0,
    },
}  # fmt: skip


def make_missing() -> None:
    """Those that are not there yet. At the first start, and after an update that brings more."""
    there = set(Rule.objects.exclude(shipped="").values_list("shipped", flat=True))
    rows = [Rule(shipped=name, **values) for name, values in SHIPPED.items() if name not in there]
    Rule.objects.bulk_create(rows, ignore_conflicts=True)
