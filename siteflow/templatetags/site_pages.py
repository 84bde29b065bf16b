"""What only the pages of sites, domains and proxies say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import template

from provisioning.plans.shape import Change
from provisioning.proxy.route_lines import line_of

register = template.Library()

_BUILD: Final = "build/"
_FEW: Final = 3  # files of a build that stand by themselves in a plan
_SIGNS: Final = {"+": "new", "-": "old", "!": "old", "~": "file"}
_CERTIFICATES: Final = {"acme": "public", "internal": "of the proxy", "off": "none, plain http"}


@register.filter
def folded(changes: Iterable[Change]) -> list[list[Change]]:
    """The lines of a plan: one change each, but what happens to the files of a build is one."""
    lines: list[list[Change]] = []
    of_build: dict[str, list[Change]] = {}
    for change in changes:
        if change.what != "file" or not change.name.startswith(_BUILD):
            lines.append([change])
        elif change.action in of_build:
            of_build[change.action].append(change)
        else:
            lines.append(of_build.setdefault(change.action, [change]))
    return [part for line in lines for part in _parts(line)]


def _parts(line: list[Change]) -> list[list[Change]]:
    return [line] if len(line) > _FEW else [[change] for change in line]


@register.filter
def sync_lines(text: str) -> list[dict[str, str]]:
    """Each line of a proxy's plan with the kind of its sign, however far it is set in."""
    return [{"text": line, "kind": _SIGNS.get(line.lstrip()[:1], "")} for line in text.splitlines()]


@register.filter
def certificate(tls: str) -> str:
    """In few words, for tables."""
    return _CERTIFICATES.get(tls, tls)


@register.filter
def route_lines(routes: Iterable[Mapping[str, Any]]) -> list[str]:
    return [line_of(route) for route in routes]
