"""Writes what a host showed into rows, and tells whoever watches. Older reads never win."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from provisioning.drivers.containers import ContainerState
from sites.live import publish
from sites.models import Container, Host, Site
from sites.schemas import container_out

_PROJECT = "com.docker.compose.project"
_FROM_FULL_READ_ONLY = (
    "exit_code",
    "restart_count",
    "created_at",
    "started_at",
    "finished_at",
)


def apply_one(host: Host, seen: ContainerState, *, at: datetime) -> None:
    """One container as read in full at ``at``, after an operation on it."""
    apply_some(host, [seen], at=at, source=Container.Source.OPERATION)


def apply_some(
    host: Host, seen: Iterable[ContainerState], *, at: datetime, source: str
) -> list[int]:
    """Some containers of a host, read at ``at``; returns the keys of the rows that changed."""
    seen = list(seen)
    with transaction.atomic():
        sites = _sites(host, seen)
        rows = {
            row.docker_id: row
            for row in Container.objects.filter(
                host=host, docker_id__in=[state.docker_id for state in seen]
            )
        }
        changed = [
            key
            for state in seen
            if (key := _apply(host, state, rows.get(state.docker_id), sites, at=at, source=source))
        ]
        publish_rows(host, changed)
    return changed


def apply_all(host: Host, seen: list[ContainerState], *, at: datetime) -> list[int]:
    """Everything a host has, read at ``at``: rows it no longer shows are removed."""
    with transaction.atomic():
        changed = apply_some(host, seen, at=at, source=Container.Source.READ)
        gone = Container.objects.filter(host=host, observed_at__lt=at).exclude(
            docker_id__in=[state.docker_id for state in seen]
        )
        _remove(host, gone.values_list("pk", flat=True))
        Site.objects.filter(host=host, managed=False, containers=None).delete()
    return changed


def forget(container: Container) -> None:
    """A container that is gone from its host."""
    with transaction.atomic():
        _remove(container.host, [container.pk])


def forget_docker_id(host: Host, docker_id: str) -> None:
    with transaction.atomic():
        rows = Container.objects.filter(host=host, docker_id=docker_id)
        _remove(host, rows.values_list("pk", flat=True))


def _remove(host: Host, keys: Iterable[int]) -> None:
    gone = list(keys)
    if gone:
        Container.objects.filter(pk__in=gone).delete()
        _publish(host, items=[], removed=gone)


def _apply(
    host: Host,
    state: ContainerState,
    row: Container | None,
    sites: dict[str, Site],
    *,
    at: datetime,
    source: str,
) -> int | None:
    """The key of the row if it was made or changed."""
    site = sites.get(state.labels.get(_PROJECT, ""))
    values = {**_values(state), "site_id": site.pk if site else None}
    if row is None:
        return _insert(host, state, values, at=at, source=source)
    if row.observed_at > at or not _differs(row, values):
        return None
    since = {} if row.state == state.state else {"state_since": _since(state, at)}
    updated = Container.objects.filter(pk=row.pk, observed_at__lte=at).update(
        **values, **since, observed_at=at, source=source, version=F("version") + 1
    )
    return row.pk if updated else None


def _insert(
    host: Host, state: ContainerState, values: dict[str, Any], *, at: datetime, source: str
) -> int:
    row, _ = Container.objects.get_or_create(
        host=host,
        docker_id=state.docker_id,
        defaults={**values, "state_since": _since(state, at), "observed_at": at, "source": source},
    )
    return row.pk


def _differs(row: Container, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _values(state: ContainerState) -> dict[str, Any]:
    """The columns one read can tell; a short listing leaves out what it does not know."""
    values: dict[str, Any] = {
        "name": state.name[:255],
        "image": state.image[:512],
        "image_id": state.image_id[:80],
        "state": state.state,
        "health": state.health,
        "ports": [asdict(port) for port in state.ports],
        "labels": state.labels,
        "compose_project": state.labels.get(_PROJECT, "")[:255],
        "compose_service": state.labels.get("com.docker.compose.service", "")[:255],
    }
    if state.complete:
        values |= {name: getattr(state, name) for name in _FROM_FULL_READ_ONLY}
    return values


def _since(state: ContainerState, at: datetime) -> datetime:
    """When Docker says the state began; the time of the read when it does not say."""
    ended = state.state in {"exited", "dead"}
    return (state.finished_at if ended else state.started_at) or state.created_at or at


def _sites(host: Host, seen: list[ContainerState]) -> dict[str, Site]:
    """The compose projects among these containers, made on first sight."""
    labels = {
        state.labels[_PROJECT][:255]: state.labels for state in seen if state.labels.get(_PROJECT)
    }
    known = {site.project: site for site in Site.objects.filter(host=host, project__in=labels)}
    for project in labels.keys() - known.keys():
        known[project], _ = Site.objects.get_or_create(
            host=host,
            project=project,
            defaults={
                "name": project,
                "working_dir": labels[project].get(f"{_PROJECT}.working_dir", "")[:4096],
                "config_files": labels[project].get(f"{_PROJECT}.config_files", ""),
            },
        )
    return known


def publish_rows(host: Host, keys: list[int]) -> None:
    """Sends the current state of these rows once the transaction is committed."""
    if keys:
        transaction.on_commit(lambda: _publish_now(host, keys))


def _publish_now(host: Host, keys: list[int]) -> None:
    rows = Container.objects.filter(pk__in=keys).select_related("host", "site")
    _publish(host, items=[container_out(row) for row in rows], removed=[])


def _publish(host: Host, *, items: list[dict[str, Any]], removed: list[int]) -> None:
    message = {"type": "containers.update", "host": host.pk, "items": items, "removed": removed}
    transaction.on_commit(lambda: publish(["containers", f"containers.{host.pk}"], message))
