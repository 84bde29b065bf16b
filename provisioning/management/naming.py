"""What people call hosts and containers at the command line. Exactly one thing, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

import typer
from django.db.models import Q

from sites.models import Container, Host
from sites.rows import EVERYTHING, container_rows, host_rows

Row = TypeVar("Row", Host, Container)
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


def one_of(found: list[Row], name: str, kind: str) -> Row:
    """The only one. None or several are a wrong usage: exit code 2, with the candidates."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise typer.BadParameter(f"There is no {kind} {name!r}.")
    listed = ", ".join(_candidates(found[:MAX_CANDIDATES]))
    more = " and more" if len(found) > MAX_CANDIDATES else ""
    raise typer.BadParameter(f"{name!r} can be {listed}{more}. Say which.")


def _candidates(found: Iterable[Host] | Iterable[Container]) -> Iterable[str]:
    for row in found:
        before = f"{row.host.name}/" if isinstance(row, Container) else ""
        yield f"{before}{row.name} (id {row.pk})"
