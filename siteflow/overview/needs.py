"""All that needs somebody, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from siteflow.overview.alert_needs import alerts_of
from siteflow.overview.backup_needs import of_backups
from siteflow.overview.host_needs import of_hosts, of_sites
from siteflow.overview.need import Need, Some
from siteflow.overview.thing_needs import of_certificates, of_containers, of_itself
from sites.rights import Viewer

MOST: Final = 12


@dataclass(frozen=True)
class Needs:
    """``shown`` are the worst of all; ``by_kind`` counts those that are left out, too."""

    shown: list[Need]
    by_kind: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())


def needs_of(user: Viewer, *, now: datetime) -> Needs:
    """An alert stands for what it is about: that is not told a second time."""
    alerts = alerts_of(user, now)
    told = alerts.covered
    found: dict[str, Some] = {
        "siteflow": of_itself(user, now),
        "alert": (alerts.shown, alerts.total),
        "host": of_hosts(user, now, told.get("host", ())),
        "site": of_sites(user, now, told.get("site", ())),
        "container": of_containers(user, now, told.get("container", ())),
        "certificate": of_certificates(user, now, told.get("certificate", ())),
        "backup": of_backups(user, now),
    }
    shown = [need for some, _ in found.values() for need in some]
    shown.sort(key=lambda need: (need.rank, -need.since.timestamp() if need.since else 0.0))
    return Needs(shown[:MOST], {kind: number for kind, (_, number) in found.items()})
