"""What rows have against a site: a name or domain of another one, a domain that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.plans.shape import Problem
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host, Site

RESERVED: Final = frozenset({"siteflow", "siteflow-proxy"})


def conflicts(
    host: Host, name: str, domains: Iterable[str], *, site: Site | None = None
) -> Iterator[Problem]:
    """``site``: the row itself, once there is one. Only names it would itself carry are told."""
    if name in RESERVED:
        yield Problem("name_taken", f"{name} is SiteFlow's own name.")
    others = Site.objects.filter(name=name)
    if site is not None:
        others = others.exclude(pk=site.pk)
    if others.filter(host=host).exists():
        yield Problem("name_taken", f"There is a site {name} on {host.name} already.")
    if others.exclude(host=host).exists():
        words = f"Another host has a site {name} as well."
        yield Problem("name_elsewhere", words, blocking=False)
    domains = list(domains)
    taken = Domain.objects.filter(name__in=domains)
    if site is not None:
        taken = taken.exclude(site=site)
    if domains and not Proxy.objects.filter(host=host).exists():
        words = f"{host.name} has no proxy yet that could serve its domains: install it first."
        yield Problem("proxy_missing", words)
    for domain in taken.order_by("name"):
        yield Problem("domain_taken", f"{domain.name} belongs to another site.")


def nowhere(site: Site, services: Iterable[str]) -> Iterator[Problem]:
    """Domains of the site that lead to a service which its compose file does not have."""
    there = {"", *services}
    for domain in site.domains.exclude(kind="redirect").order_by("name"):
        for service in sorted({domain.service, *(str(one["service"]) for one in domain.routes)}):
            if service not in there:
                words = f"{domain.name} leads to {service}, which the compose file does not have."
                yield Problem("no_service", words)
