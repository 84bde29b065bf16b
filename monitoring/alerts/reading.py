"""Makes the picture that is judged: a constant number of queries, whatever there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from monitoring.alerts.backups import backups, nas
from monitoring.alerts.kinds import Kind
from monitoring.alerts.measured import Measured
from monitoring.alerts.models import Maintenance, Rule, SiteProbe
from monitoring.alerts.picture import (
    CertificateSeen,
    ContainerSeen,
    DiskSeen,
    HostSeen,
    Picture,
    ProbeSeen,
    SiteSeen,
    Window,
)
from monitoring.alerts.work import Work, failed_operations, stopped_on_purpose, work_under_way
from provisioning.certificates.models import Certificate
from sites.models import Container, Host, Site
from sites.models.host import stale_after

# Facts are read once a minute; three looks missed and nobody knows any more.
_DISK_FRESH: Final = timedelta(minutes=3)
PROBE_FRESH: Final = timedelta(minutes=5)
_HOST_KINDS: Final = {Kind.THRESHOLD, Kind.DISK_FILLING}


def read(
    rules: Collection[Rule], measured: Measured, *, now: datetime, resumed_at: datetime | None
) -> Picture:
    """What these rules need to be judged at ``now``."""
    kinds = {Kind(rule.kind) for rule in rules}
    rows = list(_host_rows())
    hosts = _hosts(rows, now)
    containers = _containers() if kinds & _OF_CONTAINERS else []
    work = work_under_way()
    probed, certified = Kind.SITE_DOWN in kinds, Kind.CERTIFICATE in kinds
    return Picture(
        now=now,
        settled_since=_settled(now, resumed_at),
        hosts=hosts,
        sites=_sites(),
        containers=containers,
        certificates=_certificates(now) if certified else (),
        disks=_disks(rows, rules, measured, now) if kinds & _HOST_KINDS else (),
        probes=_probes(now) if probed else {},
        backups=backups(now=now) if kinds & _OF_BACKUPS else (),
        nas=nas(now=now) if Kind.NAS_UNREADABLE in kinds else (),
        failed=failed_operations(now=now) if Kind.OPERATION_FAILED in kinds else (),
        values=measured.latest(_measured_kinds(rules), now=now),
        stopped=_stopped(containers, work),
        windows=_windows(now),
        busy_hosts=work.hosts,
        busy_sites=work.sites,
        busy_containers=work.containers,
    )


_OF_BACKUPS: Final = {Kind.BACKUP_STALE, Kind.BACKUP_SHRUNKEN}
_OF_CONTAINERS: Final = {
    Kind.CONTAINER_DOWN, Kind.CONTAINER_UNHEALTHY, Kind.CONTAINER_RESTARTING, Kind.THRESHOLD,
}  # fmt: skip


def _settled(now: datetime, resumed_at: datetime | None) -> datetime | None:
    """For a moment after a break, only what was noted since then counts."""
    if resumed_at is None or now - resumed_at > max(stale_after(), timedelta(seconds=30)):
        return None
    return resumed_at


def _measured_kinds(rules: Collection[Rule]) -> set[str]:
    return {rule.of for rule in rules if rule.kind == Kind.THRESHOLD and rule.of != "disk"}


def _host_rows() -> Any:
    return Host.objects.exclude(state=Host.State.SETUP_PENDING).values(
        "pk", "name", "state", "state_since", "inventory_at", "monitored_until", "error_code",
        "error", "via_id", "facts", "facts_at",
    )  # fmt: skip


def _hosts(rows: list[dict[str, Any]], now: datetime) -> dict[int, HostSeen]:
    tags = _tags(Host.tags.through, "host_id")
    oldest = now - stale_after()
    return {
        row["pk"]: HostSeen(
            key=row["pk"],
            name=row["name"],
            state=row["state"],
            watched=bool(row["monitored_until"] and row["monitored_until"] > now),
            fresh=row["state"] == Host.State.REACHABLE
            and bool(row["inventory_at"] and row["inventory_at"] >= oldest),
            state_since=row["state_since"],
            inventory_at=row["inventory_at"],
            error_code=row["error_code"],
            error=row["error"],
            via=row["via_id"],
            cpus=int(row["facts"].get("cpus") or 0),
            tags=tags.get(row["pk"], frozenset()),
        )
        for row in rows
    }


def _tags(through: Any, column: str) -> Mapping[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for thing, tag in through.objects.values_list(column, "tag_id"):
        found[thing].add(tag)
    return {thing: frozenset(tags) for thing, tags in found.items()}


def _sites() -> dict[int, SiteSeen]:
    tags = _tags(Site.tags.through, "site_id")
    return {
        key: SiteSeen(key, name, host, stage == Site.Stage.LIVE, tags.get(key, frozenset()))
        for key, name, host, stage in Site.objects.order_by().values_list(
            "pk", "name", "host_id", "stage"
        )
    }


def _containers() -> list[ContainerSeen]:
    rows = Container.objects.order_by().values_list(
        "pk", "name", "host_id", "site_id", "state", "state_since", "health", "exit_code",
        "restart_count", "started_at", "finished_at",
    )  # fmt: skip
    return [ContainerSeen(*row) for row in rows]


def _stopped(containers: list[ContainerSeen], work: Work) -> frozenset[int]:
    down = (Container.State.EXITED, Container.State.DEAD)
    return stopped_on_purpose([one for one in containers if one.state in down])


def _certificates(now: datetime) -> list[CertificateSeen]:
    rows: Any = Certificate.objects.all()
    columns = rows.live(now=now).order_by().values_list(
        "pk", "name", "host_id", "site_id", "live_state", "certificate_check__not_before",
        "certificate_check__not_after",
    )  # fmt: skip
    return [CertificateSeen(*row) for row in columns]


def _disks(
    rows: list[dict[str, Any]], rules: Collection[Rule], measured: Measured, now: datetime
) -> list[DiskSeen]:
    filling = any(rule.kind == Kind.DISK_FILLING for rule in rules)
    before = measured.disks_before(now=now) if filling else {}
    found = []
    for row in rows:
        known = bool(row["facts_at"] and row["facts_at"] >= now - _DISK_FRESH)
        for disk in row["facts"].get("disks", []):
            mount = str(disk["mount"])[:255]
            used, total = float(disk["used_bytes"]), float(disk["total_bytes"])
            left = float(disk.get("available_bytes", total - used))
            seen = DiskSeen(row["pk"], mount, used, total, left, known)
            found.append(replace(seen, used_before_bytes=before.get((row["pk"], mount))))
    return found


def _probes(now: datetime) -> dict[int, ProbeSeen]:
    outcomes = {SiteProbe.Outcome.ANSWERED: True, SiteProbe.Outcome.SILENT: False}
    found = {}
    for row in SiteProbe.objects.exclude(tried_at=None):
        fresh = row.checked_at is not None and row.checked_at >= now - PROBE_FRESH
        answered = outcomes.get(SiteProbe.Outcome(row.outcome)) if fresh and row.outcome else None
        words = row.error if row.outcome else ""
        found[row.pk] = ProbeSeen(answered, row.url, words)
    return found


def _windows(now: datetime) -> list[Window]:
    rows = Maintenance.objects.at(now).order_by()
    return [Window(*row) for row in rows.values_list("ends_at", "host_id", "site_id", "tag_id")]
