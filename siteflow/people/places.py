"""Hosts, sites, tags and containers by the words people type: host:web1, site:shop@web1, tag:eu.

One way of naming for forms and commands, so what a page suggests can be pasted into a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final

from django.db.models import Q, QuerySet

from siteflow.people.guards import AccountError
from sites.models import Container, Host, Site, Tag
from sites.rights import Viewer, may

EVERYTHING: Final = "everything"
MAX_SUGGESTED: Final = 1000  # of each kind
Thing = Host | Site | Tag | Container


def thing_named(text: str, *, to: Viewer) -> Thing:
    """The one thing of that name that ``to`` may see. Raises AccountError."""
    kind, _, name = text.strip().partition(":")
    if kind not in _READERS or not name:
        raise AccountError("Write host:NAME, site:NAME@HOST or tag:NAME.", field="on")
    found: list[Thing] = list(_READERS[kind](name, to)[:2])
    if not found:
        raise AccountError(f"There is no {kind} {name!r}.", field="on")
    if len(found) > 1:
        raise AccountError(
            f"There are several {kind}s {name!r}. Write site:NAME@HOST or container:HOST/NAME.",
            field="on",
        )
    return found[0]


def place_named(text: str, *, to: Viewer) -> Host | Site | Tag | None:
    """What a role can be given for; None is everything, said in so many words.

    Raises AccountError.
    """
    if text.strip() == EVERYTHING:
        return None
    if not text.strip():
        raise AccountError(
            "Say what for: everything, host:NAME, site:NAME@HOST, tag:NAME.", field="on"
        )
    thing = thing_named(text, to=to)
    if isinstance(thing, Container):
        raise AccountError("A role is given for its site or host, not a container.", field="on")
    return thing


def written(thing: Thing) -> str:
    """The name that ``thing_named`` reads."""
    if isinstance(thing, Site):
        return f"site:{thing.project}@{thing.host.name}"
    if isinstance(thing, Container):
        return f"container:{thing.host.name}/{thing.name}"
    return f"{'tag' if isinstance(thing, Tag) else 'host'}:{thing.name}"


def suggestions(to: Viewer) -> list[str]:
    """For a form's list: everything, and tags, hosts and sites this account may see."""
    hosts = Host.objects.visible_to(to).only("name").order_by("name")[:MAX_SUGGESTED]
    sites = Site.objects.visible_to(to).select_related("host").order_by("project", "host__name")
    sites = sites.only("project", "host__name")[:MAX_SUGGESTED]
    things: Iterable[Thing] = chain(_every_tag(to)[:MAX_SUGGESTED], hosts, sites)
    return [EVERYTHING, *(written(thing) for thing in things)]


def _hosts(name: str, to: Viewer) -> QuerySet[Host]:
    return Host.objects.visible_to(to).filter(name__iexact=name)


def _sites(text: str, to: Viewer) -> QuerySet[Site]:
    """By its compose project, which is unique on a host, else by its name."""
    name, at, host = text.rpartition("@")
    rows = Site.objects.visible_to(to).select_related("host")
    if at:
        rows = rows.filter(host__name__iexact=host)
    exact = rows.filter(project=name if at else text)
    return exact if exact.exists() else rows.filter(Q(name=name if at else text))


def _tags(name: str, to: Viewer) -> QuerySet[Tag]:
    return _every_tag(to).filter(name=name)


def _every_tag(to: Viewer) -> QuerySet[Tag]:
    """A tag says nothing of what carries it, yet only who gives roles needs to know them all."""
    return Tag.objects.all() if may(to, "sites.manage_grant") else Tag.objects.none()


def _containers(text: str, to: Viewer) -> QuerySet[Container]:
    host, slash, name = text.partition("/")
    rows = Container.objects.visible_to(to).select_related("host")
    return rows.filter(host__name__iexact=host, name=name) if slash else rows.filter(name=text)


_READERS: Final[dict[str, Callable[[str, Viewer], QuerySet[Any]]]] = {
    "host": _hosts,
    "site": _sites,
    "tag": _tags,
    "container": _containers,
}
