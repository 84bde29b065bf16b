"""How well the monitors keep up, in two queries, for the health endpoints."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from monitoring.models import Monitor
from sites.models import Host
from sites.models.host import stale_after


@dataclass(frozen=True, slots=True)
class MonitorHealth:
    """Ages in seconds; None when there is nothing to tell the age of.

    ``lag_s`` holds, for each reachable host by name, how long ago its containers were last read;
    ``stale`` names those of them whose state counts as unknown by now.
    """

    monitors: int
    sweep_age_s: float | None
    states: dict[str, int]
    lag_s: dict[str, float | None]
    stale: list[str]

    @property
    def ok(self) -> bool:
        """A monitor lives and every reachable host is fresh."""
        return self.monitors > 0 and not self.stale

    def to_dict(self) -> dict[str, Any]:
        lags = [lag for lag in self.lag_s.values() if lag is not None]
        return {
            "monitors": self.monitors,
            "sweep_age_s": self.sweep_age_s,
            "hosts": self.states,
            "longest_lag_s": max(lags, default=None),
            "lag_s": self.lag_s,
            "stale": self.stale,
        }


def monitor_health(*, now: datetime | None = None) -> MonitorHealth:
    now = now or timezone.now()
    hosts = list(Host.objects.order_by("name").values_list("name", "state", "inventory_at"))
    monitors = list(Monitor.objects.values_list("alive_until", "swept_at"))
    reachable = [(name, at) for name, state, at in hosts if state == Host.State.REACHABLE]
    lag_s = {name: _age_s(at, now) for name, at in reachable}
    newest_sweep = max((swept_at for _, swept_at in monitors if swept_at), default=None)
    limit_s = stale_after().total_seconds()
    return MonitorHealth(
        monitors=sum(alive_until > now for alive_until, _ in monitors),
        sweep_age_s=_age_s(newest_sweep, now),
        states=dict(Counter(state for _, state, _ in hosts)),
        lag_s=lag_s,
        stale=[name for name, lag in lag_s.items() if lag is None or lag > limit_s],
    )


def _age_s(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else max(0.0, round((now - at).total_seconds(), 1))
