"""States and ages of what there is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from prometheus_client.core import Metric

from monitoring.prometheus.families import Labels, Sample, gauge, one_hot
from monitoring.prometheus.reading import Own, Seen
from provisioning.certificates.judging import State
from provisioning.certificates.telling import certificate_out
from provisioning.models import Operation
from sites.models import Container, Host
from sites.models.container import UNKNOWN
from sites.schemas import host_is_fresh
from sites.states import SITE_STATES, state_of_site

_HOST_STATES: Final = (*Host.State.values, UNKNOWN)
_CONTAINER_STATES: Final = (*Container.State.values, UNKNOWN)


def of_hosts(seen: Seen) -> Iterator[Metric]:
    def states() -> Iterator[Sample]:
        for row in seen.hosts:
            unknown = row.state == Host.State.REACHABLE and not host_is_fresh(row, now=seen.now)
            state = UNKNOWN if unknown else row.state
            yield from one_hot({"host": row.name}, _HOST_STATES, state)

    yield from gauge("host_state", "1 for the state a host is in, 0 for the others", states())
    read = (({"host": row.name}, row.inventory_at.timestamp())
            for row in seen.hosts if row.inventory_at)  # fmt: skip
    text = "When the containers of a host were last read"
    yield from gauge("host_read_timestamp_seconds", text, read)


def of_sites(seen: Seen, named: list[tuple[int, Labels]]) -> Iterator[Metric]:
    by_site: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
    for row in seen.containers:
        by_site[row.site_id][row.state] += 1

    def states() -> Iterator[Sample]:
        for site, (_, labels) in zip(seen.sites, named, strict=True):
            counted = by_site[site.pk]
            fresh = host_is_fresh(site.host, now=seen.now)
            running, total = counted[Container.State.RUNNING], counted.total()
            state = state_of_site(site.stage, fresh=fresh, running=running, total=total)
            yield from one_hot(labels, SITE_STATES, state)

    yield from gauge("site_state", "1 for the state a site is in, 0 for the others", states())


def of_containers(seen: Seen, named: dict[int, Labels]) -> Iterator[Metric]:
    rows = [row for row in seen.containers if row.pk in named]
    known = [row for row in rows if host_is_fresh(row.host, now=seen.now)]
    fresh = {row.pk for row in known}
    states = (
        sample
        for row in rows
        for sample in one_hot(
            named[row.pk], _CONTAINER_STATES, row.state if row.pk in fresh else UNKNOWN
        )
    )
    yield from gauge("container_state", "1 for the state it is in, 0 for the others", states)
    healthy = ((named[row.pk], float(row.health == "healthy")) for row in known if row.health)
    text = "1 while its own health check passes; not told without one"
    yield from gauge("container_healthy", text, healthy)
    restarts = ((named[row.pk], float(row.restart_count)) for row in known)
    yield from gauge("container_restarts", "Restarts by Docker since it was made", restarts)


def of_certificates(seen: Seen) -> Iterator[Metric]:
    told = [certificate_out(row, now=seen.now) for row in seen.certificates]
    named = [({name: one[key] for name, key in _OF_CERTIFICATE.items()}, one) for one in told]
    states = (
        sample for labels, one in named for sample in one_hot(labels, State.values, one["state"])
    )
    text = "1 for the state a domain's certificate is in, 0 for the others"
    yield from gauge("certificate_state", text, states)
    days = ((labels, one["days_remaining"]) for labels, one in named if _has_days(one))
    text = "Days until the certificate that is served ends; negative when it has ended"
    yield from gauge("certificate_days_remaining", text, days)
    checked = ((labels, one["checked_at"].timestamp())
               for labels, one in named if one["checked_at"])  # fmt: skip
    text = "When a domain's certificate was last looked at"
    yield from gauge("certificate_checked_timestamp_seconds", text, checked)


_OF_CERTIFICATE: Final = {"host": "host_name", "site": "site_name", "domain": "domain"}


def _has_days(one: dict[str, Any]) -> bool:
    """What nobody has seen for long, or is served as plain http, has no days."""
    unseen = one["state"] in (State.UNKNOWN, State.OFF, State.NO_ANSWER)
    return not unseen and one["days_remaining"] is not None


def of_operations(seen: Seen) -> Iterator[Metric]:
    counted = (({"kind": kind, "status": status}, float(number))
               for kind, status, number in seen.operations)  # fmt: skip
    text = "Operations there are on record, by verb and outcome"
    yield from gauge("operations", text, counted)
    active: Counter[str] = Counter(dict.fromkeys(Operation.ACTIVE, 0))
    for _, status, number in seen.operations:
        active[status] += number if status in Operation.ACTIVE else 0
    queue = (({"status": status}, float(active[status])) for status in Operation.ACTIVE)
    yield from gauge("queue_operations", "Operations that wait or run now", queue)
    since = seen.waiting_since
    waited = 0.0 if since is None else max(0.0, (seen.now - since).total_seconds())
    text = "For how long the first operation in the queue has waited; 0 when none waits"
    yield from gauge("queue_wait_seconds", text, [({}, waited)])


def of_itself(own: Own) -> Iterator[Metric]:
    """SiteFlow's own parts. What is not known is not told."""
    health = own.health
    ages = {
        "queue_canary_age_seconds": (own.canary_age_s, "Since a worker of this machine showed"),
        "monitor_sweep_age_seconds": (health.sweep_age_s, "Since a monitor last swept operations"),
    }
    yield from gauge("monitors", "Monitors that are running", [({}, float(health.monitors))])
    for name, (age_s, text) in ages.items():
        yield from gauge(name, text, [] if age_s is None else [({}, age_s)])
    lags = (({"host": name}, lag) for name, lag in health.lag_s.items() if lag is not None)
    text = "Since the containers of a reachable host were last read"
    yield from gauge("monitor_lag_seconds", text, lags)
