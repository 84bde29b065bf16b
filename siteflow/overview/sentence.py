"""The one sentence at the top, as parts: text, and times that a page lets tick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from django.utils import timezone

from siteflow.overview.figures import Figures
from siteflow.overview.need import Need
from siteflow.wording import short_age
from sites.models import Host
from sites.models.container import UNKNOWN

_NAMED: Final = 2
# Whose time is when it began, and not when it was looked at.
_BEGAN: Final = ("alert", "host", "site", "container")
_SITES: Final = {
    "partial": "in part", "stopped": "stopped", "empty": "without containers", "draft": "not made",
    "provisioning": "being made", UNKNOWN: "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """``form``: "" for plain text, else how ``at`` is told: as an age or as a time of day."""

    text: str = ""
    at: datetime | None = None
    form: Literal["", "age", "moment"] = ""


def sentence(needs: Sequence[Need], total: int, figures: Figures) -> list[Part]:
    if figures.is_empty:
        return [Part("There is nothing to watch yet.")]
    if total:
        return list(_of_needs(needs, total))
    return list(_of_figures(figures))


def text_of(parts: Sequence[Part], *, now: datetime | None = None) -> str:
    """For the API and commands."""
    return "".join(_told(part, now or timezone.now()) for part in parts)


def _told(part: Part, now: datetime) -> str:
    if part.at is None:
        return part.text
    if part.form == "age":
        return f"{short_age(now - part.at)} ago"
    at = part.at.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == now.astimezone(UTC).date() else f"{at:%Y-%m-%d}"


def _of_needs(needs: Sequence[Need], total: int) -> Iterator[Part]:
    yield Part(f"{total} thing{'' if total == 1 else 's'} need{'s' if total == 1 else ''} you: ")
    named = needs[:_NAMED]
    for number, need in enumerate(named):
        if number:
            yield Part(", and " if total == len(named) else ", ")
        yield Part(f"{need.title} {need.says}")
        if need.since is not None and need.kind in _BEGAN:
            yield Part(" " if need.says.endswith("looked at") else " since ")
            yield Part(at=need.since, form="moment")
    rest = total - len(named)
    yield Part(f", and {rest} more." if rest else ".")


def _of_figures(figures: Figures) -> Iterator[Part]:
    """Nobody is needed; but what does not run, or was not looked at yet, is told all the same."""
    new = figures.hosts.get(UNKNOWN, 0)
    hosts = sum(figures.hosts.values()) - figures.hosts.get(Host.State.SETUP_PENDING, 0)
    sites, running = sum(figures.sites.values()), figures.sites.get("running", 0)
    if new:
        verb = "is" if new == 1 else "are"
        yield Part(f"{_number(new, 'host')} {verb} being looked at for the first time.")
        return
    on = f" on {_number(hosts, 'host')}" if hosts else ""
    if sites and running == sites:
        yield Part(f"All is well: {_all(sites)}{on} run{'s' if sites == 1 else ''}")
    elif sites:
        others = (f"{figures.sites[state]} {word}" for state, word in _SITES.items()
                  if state in figures.sites)  # fmt: skip
        yield Part(f"Nothing needs you: {running} of {_number(sites, 'site')}{on} run; ")
        yield Part(", ".join(others))
    else:
        yield Part(f"All is well: {_number(hosts, 'host')} without sites")
    if figures.observed_at is not None:
        yield Part(", as of ")
        yield Part(at=figures.observed_at, form="age")
    yield Part(".")


def _number(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _all(sites: int) -> str:
    return "the one site" if sites == 1 else f"all {sites} sites"
