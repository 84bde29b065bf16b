"""Writes what a host showed into rows, and tells whoever watches. Older reads never win.

Nothing is locked or written when nothing differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from provisioning.drivers.containers import ContainerState
from provisioning.sightings import (
    PROJECT_LABEL,
    Told,
    began,
    began_anew,
    columns,
    differs,
    project,
    updates,
)
from sites.live import Scope, publish
from sites.models import Container, Host, Site
from sites.rows import EVERYTHING, site_rows
from sites.schemas import container_out, site_out

T = TypeVar("T")

# A time so far ahead was written while a clock was wrong; it may not hold the truth up for ever.
ASTRAY = timedelta(minutes=1)
ROWS_AT_ONCE = 100  # in one message


def states(host: Host) -> dict[str, str]:
    """The state of every container we know on a host, by its Docker id."""
    return dict(Container.objects.filter(host=host).values_list("docker_id", "state"))


def apply_one(host: Host, seen: ContainerState, *, at: datetime) -> None:
    """One container as read in full at ``at``, after an operation on it."""
    apply_some(host, [seen], at=at, source=Container.Source.OPERATION)


def apply_some(
    host: Host, seen: Iterable[ContainerState], *, at: datetime, source: str
) -> list[int]:
    """Some containers of a host, read at ``at``; returns the keys of the rows that changed.

    ``at`` is the time before the host was asked. What an event or an operation made us read is
    noted as confirmed even when nothing differs, so that an older read, arriving late, is known
    to be older; for reconciling reads the host's own ``inventory_at`` does the same.
    """
    seen = list(seen)
    rows = _rows(host, seen)
    confirm = source != Container.Source.READ
    news = [state for state in seen if confirm or _is_news(rows.get(state.docker_id), state)]
    if not news:
        return []
    with transaction.atomic():
        sites = _sites(host, news)
        new = [state for state in news if state.docker_id not in rows]
        changed = _insert(host, new, sites, at=at, source=source)
        for state in news:
            row = rows.get(state.docker_id)
            if row and _update(row, state, sites, at=at, source=source):
                changed.append(row.pk)
        publish_rows(host, changed)
    return changed


def apply_told(host: Host, told: Mapping[str, Told], *, at: datetime) -> list[int]:
    """The bare states that events told, received at ``at``; the rest follows when it is read."""
    with transaction.atomic():
        rows = Container.objects.filter(_not_newer("observed_at", at), host=host)
        changed = [
            row.pk for row in rows.filter(docker_id__in=told) if _tell(row, told[row.docker_id], at)
        ]
        publish_rows(host, changed)
    return changed


def _tell(row: Container, told: Told, at: datetime) -> bool:
    if row.state == told.state:
        return False
    values = {"exit_code": told.exit_code} if told.exit_code is not None else {}
    return bool(
        Container.objects.filter(pk=row.pk, version=row.version).update(
            **values,
            state=told.state,
            state_since=at,
            health="",
            observed_at=at,
            source=Container.Source.EVENT,
            version=F("version") + 1,
        )
    )


def apply_all(host: Host, seen: Sequence[ContainerState], *, at: datetime) -> list[int]:
    """Everything a host has, read at ``at``: rows it no longer shows are removed."""
    with transaction.atomic():
        changed = apply_some(host, seen, at=at, source=Container.Source.READ)
        shown = {state.docker_id for state in seen}
        older = Container.objects.filter(_not_newer("observed_at", at), host=host)
        known = older.values_list("pk", "docker_id")
        _remove(host, [key for key, docker_id in known if docker_id not in shown])
        _remove_sites(host)
    return changed


def _remove_sites(host: Host) -> None:
    """Projects that were only found, and have no container left.

    One that carries tags or roles stays: it is empty between a `compose down` and the next `up`,
    and a row made anew would have lost them.
    """
    empty = Site.objects.filter(host=host, managed=False, containers=None, tags=None, grant=None)
    if gone := list(empty.values_list("pk", flat=True)):
        Site.objects.filter(pk__in=gone).delete()
        _publish_sites(host, [], removed=gone)


def forget(container: Container) -> None:
    """A container that is gone from its host."""
    _remove(container.host, [container.pk])


def forget_site(site: Site) -> None:
    """A site that is removed, or was only planned: its row and all that hangs on it."""
    key = site.pk
    with transaction.atomic():
        Site.objects.filter(pk=key).delete()
        _publish_sites(site.host, [], removed=[key])


def publish_site(site: Site) -> None:
    """What a site is to be has changed, or what of it is released."""
    _publish_sites(site.host, [site.pk])


def forget_docker_id(host: Host, docker_id: str) -> None:
    rows = Container.objects.filter(host=host, docker_id=docker_id)
    _remove(host, rows.values_list("pk", flat=True))


def _remove(host: Host, keys: Iterable[int]) -> None:
    gone = list(keys)
    if gone:
        with transaction.atomic():
            rows = Container.objects.filter(pk__in=gone)
            removed = _by_site(rows.values_list("site_id", "pk"))
            rows.delete()
            for site, some in removed.items():
                _publish(host, site, items=[], removed=some)
            _publish_sites(host, {site for site in removed if site is not None})


def _rows(host: Host, seen: list[ContainerState]) -> dict[str, Container]:
    ids = [state.docker_id for state in seen]
    return {row.docker_id: row for row in Container.objects.filter(host=host, docker_id__in=ids)}


def _is_news(row: Container | None, state: ContainerState) -> bool:
    if row is None:
        return True
    orphan = row.site_id is None and bool(row.compose_project)
    return orphan or differs(row, updates(state)) or began_anew(row, state)


def _insert(
    host: Host, new: list[ContainerState], sites: dict[str, Site], *, at: datetime, source: str
) -> list[int]:
    """The keys of the new rows; another process may have made some of them just now."""
    if not new:
        return []
    rows = [
        Container(
            host=host,
            docker_id=state.docker_id,
            site=sites.get(project(state)),
            state_since=began(state, at),
            observed_at=at,
            source=source,
            **columns(state),
        )
        for state in new
    ]
    Container.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ROWS_AT_ONCE)
    ids = [state.docker_id for state in new]
    made = Container.objects.filter(host=host, docker_id__in=ids)
    return list(made.values_list("pk", flat=True))


def _update(
    row: Container, state: ContainerState, sites: dict[str, Site], *, at: datetime, source: str
) -> bool:
    """Whether the row changed: not when it showed the same, nor when it was read later."""
    values = updates(state)
    if state.complete or row.site_id is None:
        site = sites.get(project(state))
        values["site_id"] = site.pk if site else None
    confirmed = {"observed_at": at, "source": source}
    rows = Container.objects.filter(
        _not_newer("observed_at", at),
        Exists(Host.objects.filter(_not_newer("inventory_at", at), pk=OuterRef("host_id"))),
        pk=row.pk,
    )
    anew = began_anew(row, state)
    if not anew and not differs(row, values):
        rows.update(**confirmed)
        return False
    since = {"state_since": began(state, at)} if anew else {}
    return bool(rows.update(**values, **since, **confirmed, version=F("version") + 1))


def _not_newer(column: str, at: datetime) -> Q:
    return (
        Q(**{f"{column}__lte": at})
        | Q(**{f"{column}__gt": at + ASTRAY})
        | Q(**{f"{column}__isnull": True})
    )


def _sites(host: Host, seen: list[ContainerState]) -> dict[str, Site]:
    """The compose projects among these containers, made on first sight."""
    labels = {name: state.labels for state in seen if (name := project(state))}
    known = {site.project: site for site in Site.objects.filter(host=host, project__in=labels)}
    for name in labels.keys() - known.keys():
        known[name], _ = Site.objects.get_or_create(
            host=host,
            project=name,
            defaults={
                "name": name,
                "working_dir": labels[name].get(f"{PROJECT_LABEL}.working_dir", "")[:4096],
                "config_files": labels[name].get(f"{PROJECT_LABEL}.config_files", ""),
            },
        )
    return known


def publish_rows(host: Host, keys: Sequence[int]) -> None:
    """Sends the current state of these rows once the transaction is committed."""
    if keys:
        transaction.on_commit(lambda: _publish_now(host, keys))


def _publish_now(host: Host, keys: Sequence[int]) -> None:
    for first in range(0, len(keys), ROWS_AT_ONCE):
        some = keys[first : first + ROWS_AT_ONCE]
        rows = Container.objects.filter(pk__in=some).select_related("host", "site")
        items = _by_site((row.site_id, container_out(row)) for row in rows)
        for site, ours in items.items():
            _publish(host, site, items=ours, removed=[])
        _publish_sites(host, {site for site in items if site is not None})


def _by_site(pairs: Iterable[tuple[int | None, T]]) -> dict[int | None, list[T]]:
    """A message is about one site only, so that it can be kept from who may not see that one."""
    found: defaultdict[int | None, list[T]] = defaultdict(list)
    for site, value in pairs:
        found[site].append(value)
    return found


def _publish_sites(host: Host, keys: Collection[int], *, removed: Sequence[int] = ()) -> None:
    """What a site shows comes from its containers: it changes when they do."""

    def send() -> None:
        for row in site_rows(EVERYTHING).filter(pk__in=keys):
            _publish_site(host, row.pk, items=[site_out(row)], removed=[])
        for key in removed:
            _publish_site(host, key, items=[], removed=[key])

    if keys or removed:
        transaction.on_commit(send)


def _publish_site(host: Host, key: int, *, items: list[dict[str, Any]], removed: list[int]) -> None:
    publish(
        ["sites"],
        {"type": "sites.update", "items": items, "removed": removed},
        scope={"permission": "sites.view_site", "host": host.pk, "site": key},
    )


def _publish(
    host: Host, site: int | None, *, items: list[dict[str, Any]], removed: list[int]
) -> None:
    message = {"type": "containers.update", "host": host.pk, "items": items, "removed": removed}
    topics = ["containers", f"containers.{host.pk}"]
    scope: Scope = {"permission": "sites.view_container", "host": host.pk, "site": site}
    transaction.on_commit(lambda: publish(topics, message, scope=scope))
