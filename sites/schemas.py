"""One JSON shape per thing, the same for API and socket. Times ISO 8601 UTC, sizes in bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Schema

from sites.models import Container, Domain, Host, Site
from sites.models.container import UNKNOWN
from sites.models.host import stale_after
from sites.states import state_of


class PortOut(Schema):
    private: int
    protocol: str
    public: int | None
    address: str


class ContainerOut(Schema):
    """``state`` is "unknown" when the host was last read too long ago; ``last_state`` is what it
    was then. ``observed_at`` tells when that was confirmed, ``source`` by what."""

    id: int
    host: int
    host_name: str
    site: int | None
    site_name: str
    docker_id: str
    name: str
    image: str
    state: str
    last_state: str
    state_since: datetime
    unknown_since: datetime | None
    health: str
    exit_code: int | None
    restart_count: int
    ports: list[PortOut]
    compose_project: str
    compose_service: str
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    observed_at: datetime
    source: str
    version: int


class ContainerDetail(ContainerOut):
    labels: dict[str, str]
    image_id: str


class HostOut(Schema):
    """``state`` was last confirmed at ``observed_at``, by ``source``: a full ``read`` of the host,
    or the last ``attempt`` to reach it. While ``unknown_since`` is told, nobody knows it now."""

    id: int
    name: str
    connection: str
    address: str
    port: int
    username: str
    sudo: bool
    via: int | None
    docker_socket: str
    connect_timeout_s: int
    command_timeout_s: int
    state: str
    state_since: datetime
    unknown_since: datetime | None
    error_code: str
    error: str
    advice: str
    observed_at: datetime | None
    source: str
    inventory_at: datetime | None
    host_key_fingerprint: str
    offered_fingerprint: str
    approved_at: datetime | None
    approved_by: str
    public_key: str
    preflight: list[dict[str, Any]]
    preflight_at: datetime | None
    tags: list[str]
    version: int


class SiteDomainOut(Schema):
    """``kind``: primary, alias or redirect."""

    name: str
    kind: str
    tls: str


class RouteOut(Schema):
    path: str
    service: str
    port: int | None


class DomainOut(Schema):
    """``shown`` is the name as people read it. ``users`` have a password; no hash is told.

    ``service`` empty: the site's web service; ``port`` null: the one that its image exposes.
    """

    id: int
    host: int
    host_name: str
    site: int
    site_name: str
    name: str
    shown: str
    kind: str
    tls: str
    service: str
    port: int | None
    routes: list[RouteOut]
    users: list[str]
    access_log: bool
    created_at: datetime


class SiteOut(Schema):
    """``state``: running (all containers), partial, stopped, empty, draft, provisioning or unknown,
    as the ``source``, a read of its host, saw it at ``observed_at``. ``running`` is what it was at
    ``unknown_since`` when that is not null. ``stage`` is draft until it is provisioned; ``release``
    the number of the current one, of managed sites only."""

    id: int
    host: int
    host_name: str
    name: str
    project: str
    managed: bool
    stage: str
    state: str
    observed_at: datetime | None
    source: str
    environment: str
    template: str
    template_version: int | None
    domains: list[SiteDomainOut]
    release: int | None
    released_at: datetime | None
    working_dir: str
    containers: int
    running: int
    unknown_since: datetime | None
    found_at: datetime
    tags: list[str]


def host_is_fresh(host: Host, *, now: datetime | None = None) -> bool:
    """Whether what we know of the host's containers still counts."""
    return (
        host.state == Host.State.REACHABLE
        and host.inventory_at is not None
        and host.inventory_at >= (now or timezone.now()) - stale_after()
    )


def container_out(row: Container, *, now: datetime | None = None) -> dict[str, Any]:
    """A container with ``host`` and ``site`` selected, as ContainerOut."""
    fresh = host_is_fresh(row.host, now=now)
    seen_at = max(row.observed_at, row.host.inventory_at or row.observed_at)
    return {
        "id": row.pk,
        "host": row.host_id,
        "host_name": row.host.name,
        "site": row.site_id,
        "site_name": row.site.name if row.site else "",
        "docker_id": row.docker_id,
        "name": row.name,
        "image": row.image,
        "state": row.state if fresh else UNKNOWN,
        "last_state": row.state,
        "state_since": row.state_since,
        "unknown_since": None if fresh else seen_at,
        "health": row.health,
        "exit_code": row.exit_code,
        "restart_count": row.restart_count,
        "ports": row.ports,
        "compose_project": row.compose_project,
        "compose_service": row.compose_service,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "observed_at": seen_at,
        "source": row.source if row.observed_at >= seen_at else Container.Source.READ,
        "version": row.version,
    }


def container_detail(row: Container) -> dict[str, Any]:
    return {**container_out(row), "labels": row.labels, "image_id": row.image_id}


def host_out(row: Host) -> dict[str, Any]:
    """A host with ``credential`` selected, as HostOut. Nothing secret is in it."""
    return {
        **{
            name: getattr(row, name)
            for name in HostOut.model_fields
            if name not in _COMPUTED_OF_HOST
        },
        "via": row.via_id,
        "source": source_of_host(row),
        "unknown_since": None if host_is_fresh(row) else (row.inventory_at or row.state_since),
        "host_key_fingerprint": row.host_key_fingerprint,
        "offered_fingerprint": row.offered_fingerprint,
        "public_key": row.credential.public_key if row.credential else "",
        "tags": [tag.name for tag in row.tags.all()],
    }


def source_of_host(row: Host) -> str:
    """What its state was last confirmed by."""
    was_read = row.state == Host.State.REACHABLE and row.inventory_at is not None
    return "read" if was_read else "attempt"


_COMPUTED_OF_HOST = {
    "via",
    "source",
    "unknown_since",
    "host_key_fingerprint",
    "offered_fingerprint",
    "public_key",
    "tags",
}


def site_domain_out(row: Domain) -> dict[str, Any]:
    return {"name": row.name, "kind": row.kind, "tls": row.tls}


def domain_out(row: Domain) -> dict[str, Any]:
    """A domain with ``host`` and ``site`` selected, as DomainOut."""
    columns = ("name", "shown", "kind", "tls", "service", "port", "access_log", "created_at")
    return {
        "id": row.pk,
        "host": row.host_id,
        "host_name": row.host.name,
        "site": row.site_id,
        "site_name": row.site.name,
        **{name: getattr(row, name) for name in columns},
        "routes": [{"port": None, **route} for route in row.routes],
        "users": sorted(row.basic_auth),
    }


def site_out(row: Site) -> dict[str, Any]:
    """A site of `sites.rows.site_rows`, as SiteOut."""
    return {
        "id": row.pk,
        "host": row.host_id,
        "host_name": row.host.name,
        "name": row.name,
        "project": row.project,
        "managed": row.managed,
        "stage": row.stage,
        "state": state_of(row, fresh=host_is_fresh(row.host)),
        "observed_at": row.host.inventory_at,
        "source": Container.Source.READ,
        "environment": row.environment,
        "template": row.template,
        "template_version": row.template_version,
        "domains": [site_domain_out(one) for one in row.domains.all()],
        "release": row.release,  # type: ignore[attr-defined]
        "released_at": row.released_at,  # type: ignore[attr-defined]
        "working_dir": row.working_dir,
        "containers": row.total,  # type: ignore[attr-defined]
        "running": row.running,  # type: ignore[attr-defined]
        "unknown_since": None if host_is_fresh(row.host) else row.host.inventory_at,
        "found_at": row.found_at,
        "tags": [tag.name for tag in row.tags.all()],
    }
