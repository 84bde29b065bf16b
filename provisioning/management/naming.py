"""What people call hosts, containers and sites at the command line: exactly one, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

import typer
from django.db.models import Q

from provisioning.quarantine.models import Quarantine
from sites.models import Container, Domain, Host, Site
from sites.rows import EVERYTHING, container_rows, domain_rows, host_rows, site_rows

Row = TypeVar("Row", Host, Container, Site, Domain, Quarantine)
MAX_CANDIDATES = 10
_DOCKER_ID = re.compile(r"[0-9a-f]{6,64}")


def host_named(name: str) -> Host:
    """By its name in any case, or its id."""
    wanted = Q(name__iexact=name)
    if name.isascii() and name.isdigit() and len(name) <= 18:
        wanted |= Q(pk=int(name))
    found = list(host_rows(EVERYTHING).defer(None).filter(wanted))
    exact = [host for host in found if host.name.casefold() == name.casefold()]
    return one_of(exact or found, name, "host")


def container_named(name: str) -> Container:
    """By NAME, HOST/NAME, our id, or the beginning of Docker's id (six characters or more)."""
    rows = container_rows(EVERYTHING).defer(None)
    host, slash, rest = name.rpartition("/")
    if slash:
        rows = rows.filter(host=host_named(host))
    ways = [Q(name=rest)]
    if rest.isascii() and rest.isdigit() and len(rest) <= 18:
        ways.append(Q(pk=int(rest)))
    if _DOCKER_ID.fullmatch(rest):
        ways.append(Q(docker_id__startswith=rest))
    for wanted in ways:
        if found := list(rows.filter(wanted)[: MAX_CANDIDATES + 1]):
            return one_of(found, name, "container")
    return one_of(list[Container](), name, "container")


def site_named(name: str) -> Site:
    """By NAME, HOST/NAME or our id."""
    found = sites_named(name)
    return one_of(found, name, "site")


def sites_named(name: str) -> list[Site]:
    """All that NAME, HOST/NAME or an id can mean; those that are managed before the others."""
    rows = site_rows(EVERYTHING).defer(None).order_by("-managed", "host__name")
    host, slash, rest = name.rpartition("/")
    if slash:
        rows = rows.filter(host=host_named(host))
    by_name = list(rows.filter(name=rest)[: MAX_CANDIDATES + 1])
    if by_name or not (rest.isascii() and rest.isdigit() and len(rest) <= 18):
        return by_name
    return list(rows.filter(pk=int(rest)))


def quarantine_named(name: str) -> Quarantine:
    """By the name of the removed site, or the id of what rests."""
    rows = Quarantine.objects.select_related("host")
    found = list(rows.filter(name=name)[: MAX_CANDIDATES + 1])
    if not found and name.isascii() and name.isdigit() and len(name) <= 18:
        found = list(rows.filter(pk=int(name)))
    return one_of(found, name, "removed site")


def domain_named(name: str) -> Domain:
    """By its name, or our id."""
    rows = domain_rows(EVERYTHING)
    found = list(rows.filter(name=name.lower().removesuffix("."))[: MAX_CANDIDATES + 1])
    if not found and name.isascii() and name.isdigit() and len(name) <= 18:
        found = list(rows.filter(pk=int(name)))
    return one_of(found, name, "domain")


def one_of(found: list[Row], name: str, kind: str) -> Row:
    """The only one. None or several are a wrong usage: exit code 2, with the candidates."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise typer.BadParameter(f"There is no {kind} {name!r}.")
    listed = ", ".join(_candidates(found[:MAX_CANDIDATES]))
    more = " and more" if len(found) > MAX_CANDIDATES else ""
    raise typer.BadParameter(f"{name!r} can be {listed}{more}. Say which.")


def _candidates(found: Iterable[Host | Container | Site | Domain | Quarantine]) -> Iterable[str]:
    for row in found:
        before = "" if isinstance(row, Host) else f"{row.host.name}/"
        yield f"{before}{row.name} (id {row.pk})"
