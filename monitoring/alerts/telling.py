"""Who is told when: each outage once, and nobody during mutes and maintenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal

from monitoring.alerts.findings import Subject
from monitoring.alerts.judging import has_tag
from monitoring.alerts.kinds import Kind, Type
from monitoring.alerts.models import Alert
from monitoring.alerts.picture import Picture
from monitoring.notify.notices import Notice
from monitoring.notify.queueing import queue

PATH: Final = "/admin/monitoring/alert/{}/change/"
# What is already told by the alert of another kind about the same thing, or about what it is on.
_OF_HOST: Final = (Kind.HOST_UNREACHABLE, Kind.DOCKER_DOWN)
_OF_CONTAINER: Final = (
    Kind.CONTAINER_DOWN, Kind.CONTAINER_UNHEALTHY, Kind.CONTAINER_RESTARTING,
)  # fmt: skip
_OF_VALUES: Final = (Kind.THRESHOLD, Kind.DISK_FILLING)
_LOG_LINES: Final = 5  # of a notice; the page has more
Down = set[tuple[str, int | None]]


def maintenance_until(alert: Alert, picture: Picture) -> datetime | None:
    """The end of the last window that it lies in now."""
    subject = Subject(
        alert.subject, Type(alert.subject_type), alert.subject_id, "", alert.host_id, alert.site_id
    )
    ends = [
        one.ends_at
        for one in picture.windows
        if one.host in (None, alert.host_id)
        and one.site in (None, alert.site_id)
        and (one.tag is None or has_tag(one.tag, subject, picture))
    ]
    return max(ends, default=None)


def is_quiet(alert: Alert, now: datetime) -> bool:
    """Muted, in maintenance, or about something that nobody sees at the moment."""
    muted = alert.muted_until is not None and alert.muted_until > now
    return muted or alert.maintenance_until is not None or alert.unseen_since is not None


def to_tell(firing: Iterable[Alert], *, now: datetime) -> list[Alert]:
    """Those that whoever gets notices has not heard of yet, and that nothing holds back."""
    every = list(firing)
    down, worst = _down(every), _worst(every)
    return [
        one
        for one in every
        if _is_news(one)
        and not is_quiet(one, now)
        and not _is_part(one, down)
        and one.rank <= worst.get(_value_of(one), one.rank)
    ]


def _is_news(alert: Alert) -> bool:
    if alert.told_at is None:
        return alert.acknowledged_at is None
    return alert.step > alert.told_step


def _down(firing: list[Alert]) -> Down:
    hosts: Down = {("host", one.host_id) for one in firing if one.kind in _OF_HOST}
    sites: Down = {("site", one.site_id) for one in firing if one.kind in _OF_CONTAINER}
    return hosts | sites


def _worst(firing: list[Alert]) -> dict[tuple[str, str], int]:
    """By thing and value: a disk that is nearly full is also getting full, which is no news."""
    found: dict[tuple[str, str], int] = {}
    for one in firing:
        key = _value_of(one)
        found[key] = min(found.get(key, one.rank), one.rank)
    return found


def _value_of(alert: Alert) -> tuple[str, str]:
    if alert.kind == Kind.THRESHOLD and alert.rule is not None:
        return alert.subject, alert.rule.metric
    return alert.subject, f"#{id(alert)}"


def _is_part(alert: Alert, down: Down) -> bool:
    """Whether another alert tells of the same outage already.

    A full disk is told beside a Docker that is down: it may well be why.
    """
    of_host = alert.subject_type in (Type.HOST, Type.DISK)
    if of_host and alert.kind in (*_OF_HOST, *_OF_VALUES):
        return False
    if ("host", alert.host_id) in down:
        return True
    return alert.kind == Kind.SITE_DOWN and ("site", alert.site_id) in down


def tell(alert: Alert, kind: Literal["firing", "resolved"], *, words: str = "") -> int:
    """In the caller's transaction. Returns how many channels want it."""
    notice = Notice(
        key=f"alert:{alert.pk}",
        kind=kind,
        severity=alert.severity,  # type: ignore[arg-type]
        title=title_of(alert),
        body="\n".join(_body(alert, words)),
        path=PATH.format(alert.pk),
        host_id=alert.host_id,
        site_id=alert.site_id,
    )
    return queue(notice)


def title_of(alert: Alert) -> str:
    """ "Container down: shop-web-1 on web1"."""
    on = f" on {alert.host_name}" if alert.subject_type not in (Type.HOST, Type.DISK) else ""
    return f"{alert.rule_name}: {alert.subject_name}{on if alert.host_name else ''}"


def _body(alert: Alert, words: str) -> Iterator[str]:
    yield words or alert.message
    if words:
        yield f"It was: {alert.message}"
        return
    if alert.site_name and alert.subject_type != Type.SITE:
        yield f"Site: {alert.site_name}"
    for one in alert.cause.get("containers", []):
        cpu = one.get("cpu_percent")
        yield f"{one['name']}: {cpu:.0f} % CPU" if cpu is not None else str(one["name"])
    if last := alert.cause.get("release"):
        yield f"Release {last['number']} is current since {last['since']}"
    if last := alert.cause.get("operation"):
        yield f"Last operation: {last['label']}, {last['status']}, {last['at']}"
    yield from (alert.log or [])[-_LOG_LINES:]
