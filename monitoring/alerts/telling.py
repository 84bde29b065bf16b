"""Who is told when: each outage once, and nobody during mutes and maintenance. Pure but `tell`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from django.utils.formats import date_format

from monitoring.alerts.judging import has_tag
from monitoring.alerts.findings import Subject
from monitoring.alerts.kinds import Kind, Type
from monitoring.alerts.models import Alert
from monitoring.alerts.picture import Picture
from monitoring.notify.notices import Notice
from monitoring.notify.queueing import queue

PATH: Final = "/admin/monitoring/alert/{}/change/"
# What is already told by the alert of another kind about the same thing, or about what it is on.
_BY_HOST: Final = (Kind.HOST_UNREACHABLE, Kind.DOCKER_DOWN)
_BY_CONTAINER: Final = (
    Kind.CONTAINER_DOWN, Kind.CONTAINER_UNHEALTHY, Kind.CONTAINER_RESTARTING,
)  # fmt: skip


def maintenance_until(alert: Alert, picture: Picture) -> datetime | None:
    """The end of the last window that it lies in now."""
    subject = Subject(
        alert.subject, Type(alert.subject_type), alert.subject_id, "", alert.host_id, alert.site_id
    )
    ends = [
        one.ends_at
        for one in picture.windows
        if (one.host is None or one.host == alert.host_id)
        and (one.site is None or one.site == alert.site_id)
        and (one.tag is None or has_tag(one.tag, subject, picture))
    ]
    return max(ends, default=None)


def is_quiet(alert: Alert, now: datetime) -> bool:
    muted = alert.muted_until is not None and alert.muted_until > now
    return muted or alert.maintenance_until is not None or alert.unseen_since is not None


def to_tell(firing: Iterable[Alert], *, now: datetime) -> list[Alert]:
    """Those that fire, whoever gets notices has not heard of, and nothing holds back."""
    every = list(firing)
    down = _down(every)
    return [one for one in every if _is_news(one) and not is_quiet(one, now) and not _is_part(one, down)]


def _is_news(alert: Alert) -> bool:
    if alert.told_at is None:
        return alert.acknowledged_at is None
    return alert.step > alert.told_step


def _down(firing: list[Alert]) -> set[tuple[str, int | None]]:
    found: set[tuple[str, int | None]] = set()
    for one in firing:
        if one.kind in _BY_HOST:
            found.add(("host", one.host_id))
        elif one.kind in _BY_CONTAINER and one.site_id is not None and one.told_at is not None:
            found.add(("site", one.site_id))
        elif one.kind in _BY_CONTAINER and one.site_id is not None:
            found.add(("site", one.site_id))
    return found


def _is_part(alert: Alert, down: set[tuple[str, int | None]]) -> bool:
    if alert.kind in _BY_HOST:
        return False
    if ("host", alert.host_id) in down:
        return True
    return alert.kind == Kind.SITE_DOWN and ("site", alert.site_id) in down


def tell(alert: Alert, kind: Literal["firing", "resolved"], *, words: str = "") -> int:
    """In the caller's transaction. Returns how many channels want it."""
    return queue(
        Notice(
            key=f"alert:{alert.pk}",
            kind=kind,
            severity=alert.severity,  # type: ignore[arg-type]
            title=title_of(alert, kind),
            body="\n".join(body_of(alert, words)),
            path=PATH.format(alert.pk),
            host_id=alert.host_id,
            site_id=alert.site_id,
        )
    )
