"""What a host's proxy serves, what it should serve, and what would change. Changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field

from provisioning.drivers import host_files
from provisioning.drivers.caddy_config import Found, digest, found, is_edited, ours
from provisioning.drivers.caddy_vhost import Block, Json, block
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import acme_of, admin_of, folders_of, proxy_of, upstreams_of
from provisioning.proxy.upstreams import Upstream, dial, reached_as
from provisioning.proxy.wanted import Wanted, wanted
from sites.models import Host


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there: the configuration, and the digest of each upstream's file by its name."""

    config: Json
    upstreams: dict[str, str]

    @property
    def vhosts(self) -> dict[str, Found]:
        return found(self.config)


@dataclass(frozen=True, slots=True)
class Plan:
    """``changes`` are vhosts by name, None for those that go; ``upstreams`` files and their text.

    ``edited`` are vhosts that somebody changed by hand; ``is_edited`` also tells of changes beside
    them. ``idle`` are domains whose site has no container to send requests to.
    """

    seen: Seen
    wanted: Wanted
    changes: dict[str, Block | None]
    upstreams: dict[str, str | None]
    idle: list[str] = field(default_factory=list)

    @property
    def edited(self) -> list[str]:
        return sorted(name for name, one in self.seen.vhosts.items() if one.is_edited)

    @property
    def is_edited(self) -> bool:
        return is_edited(self.seen.config)

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.upstreams and not self.is_edited

    @property
    def digest(self) -> str:
        """Stands for what is there and what would be done about it."""
        changes = {name: one and asdict(one) for name, one in self.changes.items()}
        return digest([ours(self.seen.config), self.seen.upstreams, changes, self.upstreams])

    def of(self, names: set[str]) -> Plan:
        """The part of it that concerns these domains, and those that have no row any more."""
        known = set(self.wanted.sites)
        changes = {
            name: one for name, one in self.changes.items() if name in names or name not in known
        }
        keys = {
            key
            for name in names
            if (vhost := self.wanted.vhosts.get(name))
            for key in (vhost.upstream, *(route.upstream for route in vhost.routes))
        }
        upstreams = {key: text for key, text in self.upstreams.items() if key in keys}
        return Plan(self.seen, self.wanted, changes, upstreams, self.idle)


def plan(host: HostDriver, row: Host, *, proxy: Proxy | None = None) -> Plan:
    """Raises DriverError when the proxy cannot be asked."""
    proxy = proxy or proxy_of(row)
    return made(host, row, proxy, look(host, row, proxy))


def look(host: HostDriver, row: Host, proxy: Proxy) -> Seen:
    try:
        files = host_files.listing(host, upstreams_of(row), sudo=row.sudo)
    except DriverError as error:
        if error.code != "not_found":
            raise
        files = {}
    config = admin_of(host, row, proxy).read().config
    return Seen(config, {name: fact.sha256 for name, fact in files.items()})


def made(host: HostDriver, row: Host, proxy: Proxy, seen: Seen) -> Plan:
    should, folders, acme = wanted(row), folders_of(row, proxy), acme_of(row, proxy)
    blocks = {
        name: block(vhost, folders=folders, acme=acme) for name, vhost in should.vhosts.items()
    }
    there = {name: one.block for name, one in seen.vhosts.items()}
    changes: dict[str, Block | None] = {
        name: one for name, one in blocks.items() if there.get(name) != one
    }
    # What is wrong with a row keeps it from being changed, not from being served as it was.
    changes |= {name: None for name in there if name not in should.sites}
    texts = _upstream_texts(host, should, seen, by_address=proxy.is_service)
    upstreams: dict[str, str | None] = {
        key: text for key, text in texts.items() if text and sha256(text) != seen.upstreams.get(key)
    }
    upstreams |= {key: None for key in seen.upstreams if key not in should.upstreams}
    idle = [name for name, one in should.vhosts.items() if one.upstream and not texts[one.upstream]]
    return Plan(seen, should, changes, upstreams, sorted(idle))


def _upstream_texts(
    host: HostDriver, should: Wanted, seen: Seen, *, by_address: bool
) -> dict[str, str | None]:
    containers = host.docker.containers() if should.upstreams else []
    return {
        key: dial(
            one,
            containers,
            current=_current(one, seen.upstreams.get(key), containers, by_address=by_address),
            by_address=by_address,
        )
        for key, one in should.upstreams.items()
    }


def _current(
    one: Upstream, known: str | None, containers: list[ContainerState], *, by_address: bool
) -> str | None:
    """What the file says now, if that is a container that is there: found by its digest."""
    for container in containers if known else []:
        place = reached_as(container, by_address=by_address)
        ports = [one.port] if one.port else [port.private for port in container.ports]
        for port in ports:
            if sha256(text := f"{place}:{port}") == known:
                return text
    return None


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
