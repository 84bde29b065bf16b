"""What SiteFlow itself does or did: nobody is alarmed by what was asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitoring.alerts.picture import ContainerSeen, FailedOperation
from provisioning.models import Operation

# A failure is news for so long.
RECENT: Final = timedelta(hours=24)
_MOST: Final = 500
_STOPPING: Final = ("container.stop", "container.kill", "container.remove")
_CHANGING: Final = (*_STOPPING, "container.start", "container.restart")
# They end in failure to say what they found; and what failed in SiteFlow says nothing of a site.
_ONLY_LOOK: Final = ("host.test", "cert.check", "host.refresh")
_OURS: Final = ("internal_error", "forbidden", "gave_up")
_TARGETS: Final = ("host", "site", "container", "domain")


@dataclass(frozen=True, slots=True)
class Work:
    """Keys of what is worked on now. An operation on a host may move all that is on it."""

    hosts: frozenset[int]
    sites: frozenset[int]
    containers: frozenset[int]


def work_under_way() -> Work:
    rows = Operation.objects.active().order_by()
    hosts: set[int] = set()
    sites: set[int] = set()
    containers: set[int] = set()
    for target, key, site, host in rows.values_list(
        "target_type", "target_id", "site_id", "host_id"
    ):
        if target == "container" and key is not None:
            containers.add(key)
        elif site is not None:
            sites.add(site)
        elif target == "host" and host is not None:
            hosts.add(host)
    return Work(frozenset(hosts), frozenset(sites), frozenset(containers))


def stopped_on_purpose(down: Collection[ContainerSeen]) -> frozenset[int]:
    """Those whose last operation stopped them, and which nobody has started since."""
    rows = Operation.objects.filter(
        target_type="container", target_id__in=[one.key for one in down], kind__in=_CHANGING
    )
    last: dict[int, tuple[str, datetime]] = {}
    for key, kind, ended, asked in rows.order_by("pk").values_list(
        "target_id", "kind", "finished_at", "created_at"
    ):
        if key is not None:
            last[key] = kind, ended or asked
    return frozenset(one.key for one in down if one.key in last and _is_why(one, *last[one.key]))


def _is_why(one: ContainerSeen, kind: str, ended: datetime) -> bool:
    return kind in _STOPPING and (one.started_at is None or one.started_at <= ended)


def failed_operations(*, now: datetime) -> list[FailedOperation]:
    """The last of each verb on each target that ended lately, where it failed. Two queries."""
    ended = Operation.objects.filter(
        status__in=(Operation.Status.FAILED, Operation.Status.UNDONE),
        finished_at__gte=now - RECENT,
        target_type__in=_TARGETS,
        target_id__isnull=False,
    ).exclude(kind__in=_ONLY_LOOK)
    newest: dict[tuple[str, str, int], FailedOperation] = {}
    for row in (
        ended.exclude(error_code__in=_OURS).defer("journal", "result").order_by("-pk")[:_MOST]
    ):
        one = _failed(row)
        newest.setdefault((one.kind, one.target_type, one.target_id), one)
    mended = _succeeded_since(list(newest.values()))
    return [one for key, one in newest.items() if mended.get(key, 0) < one.key]


def _failed(row: Operation) -> FailedOperation:
    return FailedOperation(
        row.pk, row.kind, row.target_type, row.target_id or 0, row.target_name, row.host_id,
        row.site_id, row.message, row.finished_at or row.created_at,
    )  # fmt: skip


def _succeeded_since(failed: list[FailedOperation]) -> dict[tuple[str, str, int], int]:
    if not failed:
        return {}
    rows = Operation.objects.filter(
        status=Operation.Status.SUCCEEDED,
        kind__in={one.kind for one in failed},
        target_type__in={one.target_type for one in failed},
        target_id__in={one.target_id for one in failed},
        pk__gt=min(one.key for one in failed),
    )
    found: dict[tuple[str, str, int], int] = {}
    for kind, target, key, row in rows.order_by("pk").values_list(
        "kind", "target_type", "target_id", "pk"
    ):
        found[kind, target, key or 0] = row
    return found
