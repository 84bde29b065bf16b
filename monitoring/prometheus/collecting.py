"""The collector that prometheus-client asks: it reads when it is asked, and keeps nothing."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from monitoring.prometheus import states
from monitoring.prometheus.families import PREFIX, Labels
from monitoring.prometheus.reading import Seen, seen_by
from monitoring.prometheus.usage import disks, usage
from sites.rights import Viewer


class SeenBy(Collector):
    """Everything that an account may see, as one scrape."""

    def __init__(self, user: Viewer, *, now: datetime, version: str) -> None:
        self._user, self._now, self._version = user, now, version

    def collect(self) -> Iterator[Metric]:
        seen = seen_by(self._user, now=self._now)
        yield from states.of_hosts(seen)
        hosts: dict[int, Labels] = {row.pk: {"host": row.name} for row in seen.hosts}
        yield from usage("host", list(hosts.items()), seen.readings)
        yield from disks(hosts, seen.readings)
        sites = list(_sites(seen).items())
        yield from states.of_sites(seen, sites)
        yield from usage("site", sites, seen.readings)
        containers = _containers(seen)
        yield from states.of_containers(seen, containers)
        yield from usage("container", list(containers.items()), seen.readings)
        yield from states.of_certificates(seen)
        yield from states.of_operations(seen)
        if seen.own is not None:
            yield from states.of_itself(seen.own)
        build = InfoMetricFamily(f"{PREFIX}build", "What is running here")
        build.add_metric([], {"version": self._version, "python": platform.python_version()})
        yield build


def registry(user: Viewer, *, now: datetime, version: str) -> CollectorRegistry:
    """For one answer."""
    made = CollectorRegistry(auto_describe=False)
    made.register(SeenBy(user, now=now, version=version))
    return made


def _sites(seen: Seen) -> dict[int, Labels]:
    """A project is there once on a host, its name may be another site's, too."""
    return {
        row.pk: {"host": row.host.name, "site": row.name, "project": row.project}
        for row in seen.sites
    }


def _containers(seen: Seen) -> dict[int, Labels]:
    """A name is there once on a host; of one that is just being replaced, the newer counts."""
    sites = {row.pk: row.name for row in seen.sites}
    newest = {(row.host_id, row.name): row for row in seen.containers}
    return {
        row.pk: {
            "host": row.host.name,
            "site": sites.get(row.site_id or 0, ""),
            "container": row.name,
        }
        for row in newest.values()
    }
