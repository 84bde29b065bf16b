"""Whose a container is: its row and its site's, by Docker's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from monitoring.metrics import SeriesKey
from monitoring.rates import Readings
from sites.models import Container

_USING: Final = (Container.State.RUNNING, Container.State.PAUSED)


class Member(NamedTuple):
    container: int
    site: int | None


Members = Mapping[str, Member]


def members_of(host: int) -> Members:
    """The containers of a host that use anything."""
    rows = Container.objects.filter(host_id=host, state__in=_USING)
    return {
        docker_id: Member(key, site)
        for docker_id, key, site in rows.values_list("docker_id", "pk", "site_id")
    }


def of_containers(
    host: int, found: Mapping[str, Readings], members: Members
) -> dict[SeriesKey, Readings]:
    """Each container that has a row."""
    return {
        SeriesKey("container", host, members[docker_id].container): readings
        for docker_id, readings in found.items()
        if docker_id in members
    }


def of_sites(
    host: int, found: Mapping[str, Readings], members: Members
) -> dict[SeriesKey, Readings]:
    """Each site as the sum of its containers. What is not known of one of them is missing in the
    sum: no number is made up."""
    sums: dict[SeriesKey, Readings] = {}
    for docker_id, readings in found.items():
        site = members[docker_id].site if docker_id in members else None
        if site is None:
            continue
        together = sums.setdefault(SeriesKey("site", host, site), {})
        for name, value in readings.items():
            together[name] = together.get(name, 0.0) + value
    return sums
