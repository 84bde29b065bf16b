"""How many there are of what, in which state, and how old the oldest of it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count

from sites.models import Container, Host, Site
from sites.models.container import UNKNOWN
from sites.rights import Viewer
from sites.rows import counted_containers
from sites.schemas import host_is_fresh
from sites.states import SITE_STATES, state_of_site

# The order in which states are told, worst last seen first.
_CONTAINERS: Final = (
    "running", "paused", "restarting", "created", "exited", "dead", "removing", UNKNOWN,
)  # fmt: skip
_HOSTS: Final = (*Host.State.values, UNKNOWN)
States = dict[str, int]


@dataclass(frozen=True)
class Figures:
    """``observed_at``: when the host was read that was read longest ago, of those one sees fresh;
    ``seen`` has that of each host, by its key."""

    hosts: States
    sites: States
    containers: States
    seen: dict[int, datetime] = field(default_factory=dict)

    @property
    def observed_at(self) -> datetime | None:
        return min(self.seen.values(), default=None)

    @property
    def is_empty(self) -> bool:
        return not (self.hosts or self.sites or self.containers)


def figures_of(user: Viewer, *, now: datetime) -> Figures:
    hosts = list(Host.objects.visible_to(user).only("state", "inventory_at"))
    rows = Site.objects.visible_to(user).select_related("host")
    columns = ("stage", "host_id", "host__state", "host__inventory_at")
    sites = list(counted_containers(rows.only(*columns)))
    containers: Any = Container.objects.visible_to(user).live(now=now).order_by()
    counted = containers.values_list("live_state").annotate(number=Count("pk"))
    seen = {row.pk: row for row in (*hosts, *(site.host for site in sites))}
    return Figures(
        hosts=_ordered(Counter(_of_host(row, now) for row in hosts), _HOSTS),
        sites=_ordered(Counter(_of_site(row, now) for row in sites), SITE_STATES),
        containers=_ordered(Counter(dict(counted)), _CONTAINERS),
        seen={
            key: row.inventory_at
            for key, row in seen.items()
            if row.inventory_at and host_is_fresh(row, now=now)
        },
    )


def _of_host(row: Host, now: datetime) -> str:
    unknown = row.state == Host.State.REACHABLE and not host_is_fresh(row, now=now)
    return UNKNOWN if unknown else row.state


def _of_site(row: Any, now: datetime) -> str:
    fresh = host_is_fresh(row.host, now=now)
    return state_of_site(row.stage, fresh=fresh, running=row.running, total=row.total)


def _ordered(found: Counter[str], order: tuple[str, ...]) -> States:
    return {state: found[state] for state in order if found[state]}
