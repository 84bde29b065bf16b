"""What a host's proxy should serve, made of the rows of domains. Nothing is asked of the host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from provisioning.drivers.caddy_check import problem
from provisioning.drivers.caddy_vhost import Route, Vhost
from provisioning.proxy.upstreams import Upstream
from sites.models import Domain, Host, Site


@dataclass(frozen=True, slots=True)
class Wanted:
    """``problems`` are vhosts that cannot be served as they are, by name, and why."""

    vhosts: dict[str, Vhost] = field(default_factory=dict)
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)  # name → the site's key


def wanted(row: Host) -> Wanted:
    """Of all sites that are provisioned on this host, or about to be."""
    found = Wanted()
    domains = Domain.objects.filter(host=row).select_related("site").order_by("name")
    domains = domains.exclude(site__stage=Site.Stage.DRAFT)
    for site, several in _by_site(domains):
        for vhost, upstreams in _of_site(site, several):
            found.sites[vhost.name] = site.pk
            if words := problem(vhost):
                found.problems[vhost.name] = words
                continue
            found.vhosts[vhost.name] = vhost
            found.upstreams.update({one.key: one for one in upstreams})
    return found


def _by_site(domains: Iterable[Domain]) -> Iterator[tuple[Site, list[Domain]]]:
    several: defaultdict[int, list[Domain]] = defaultdict(list)
    for domain in domains:
        several[domain.site_id].append(domain)
    for rows in several.values():
        yield rows[0].site, rows


def _of_site(site: Site, domains: list[Domain]) -> Iterator[tuple[Vhost, list[Upstream]]]:
    primary = next((one for one in domains if one.kind == Domain.Kind.PRIMARY), None)
    for domain in domains:
        if domain.kind == Domain.Kind.REDIRECT:
            yield _redirect(domain, primary), []
        else:
            # An alias serves what the primary serves, with its password.
            yield _serving(domain, primary or domain, site)


def _redirect(domain: Domain, primary: Domain | None) -> Vhost:
    address = ""
    if primary:
        scheme = "http" if primary.tls == Domain.Tls.OFF else "https"
        address = f"{scheme}://{primary.name}"
    return Vhost(domain.name, redirect_to=address, tls=domain.tls, access_log=domain.access_log)


def _serving(domain: Domain, like: Domain, site: Site) -> tuple[Vhost, list[Upstream]]:
    main = Upstream(site.project, like.service, like.port)
    routes = [
        (str(one.get("path", "")), _route(site, one)) for one in like.routes if _is_object(one)
    ]
    vhost = Vhost(
        domain.name,
        main.key,
        tuple(Route(path, upstream.key) for path, upstream in routes),
        basic_auth=tuple(sorted(like.basic_auth.items())),
        tls=domain.tls,
        access_log=domain.access_log,
    )
    return vhost, [main, *(upstream for _, upstream in routes)]


def _route(site: Site, route: dict[str, Any]) -> Upstream:
    return Upstream(site.project, str(route.get("service", "")), route.get("port"))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
