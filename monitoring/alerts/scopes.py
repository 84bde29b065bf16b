"""A host, a site or a tag as people name it in a form: what it is, and its name."""

from __future__ import annotations

from typing import Any, Final

from provisioning.engine.errors import BadParams
from sites.models import Host, Site, Tag
from sites.rights import Viewer

EVERYTHING: Final = "everything"
SCOPES: Final = (
    (EVERYTHING, "Everything"), ("host", "One host and what is on it"),
    ("site", "One site and its containers"), ("tag", "What carries a tag"),
)  # fmt: skip


def named(kind: str, name: str, user: Viewer) -> dict[str, Any]:
    """``host``, ``site`` and ``tag``, all but one None. A site is HOST/NAME, or NAME alone if only
    one is called so. What one may not see is not there. Raises BadParams."""
    found: dict[str, Any] = {"host": None, "site": None, "tag": None}
    if kind == EVERYTHING:
        return found
    name = name.strip()
    if not name:
        raise BadParams(f"Name the {kind}.", field="place")
    rows = {"host": _hosts, "site": _sites, "tag": _tags}[kind](name, user)
    if len(rows) != 1:
        how = "There is no" if not rows else "There is more than one: write HOST/NAME for the"
        raise BadParams(f"{how} {kind} {name}.", field="place")
    return {**found, kind: rows[0]}


def _hosts(name: str, user: Viewer) -> list[Any]:
    return list(Host.objects.visible_to(user).filter(name__iexact=name)[:2])


def _sites(name: str, user: Viewer) -> list[Any]:
    """By its id where none is called so."""
    host, slash, site = name.rpartition("/")
    seen = Site.objects.visible_to(user)
    rows = seen.filter(name=site)
    found = list((rows.filter(host__name__iexact=host) if slash else rows)[:2])
    if not found and name.isascii() and name.isdigit() and len(name) <= 18:
        return list(seen.filter(pk=int(name)))
    return found


def _tags(name: str, user: Viewer) -> list[Any]:
    return list(Tag.objects.filter(name=name)[:2])


def words(row: Any) -> tuple[str, str]:
    """Of a row with ``host``, ``site`` and ``tag``: the two fields of a form."""
    if row.host is not None:
        return "host", row.host.name
    if row.site is not None:
        return "site", f"{row.site.host.name}/{row.site.name}"
    return ("tag", row.tag.name) if row.tag is not None else (EVERYTHING, "")
