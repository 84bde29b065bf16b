"""Containers and certificates that need somebody, and SiteFlow itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse

from monitoring.health.parts import Found, monitor, queue
from provisioning.certificates.judging import BROKEN, State
from provisioning.certificates.models import Certificate
from provisioning.certificates.rows import certificate_rows
from provisioning.certificates.telling import certificate_out
from siteflow.health import ADMIN_PERMISSION
from siteflow.overview.need import MOST_OF_A_KIND, Need, Some, act_on, page_of
from sites.attention import containers_in_need, why
from sites.models import Container, Host
from sites.models.host import stale_after
from sites.rights import Viewer, may
from sites.rows import container_rows
from sites.schemas import container_out

_SEEN_BY: Final = {
    Container.Source.EVENT: "a Docker event",
    Container.Source.READ: "a full read of the host",
    Container.Source.OPERATION: "a read after an operation",
}
_RANKS: Final = {"restarting": 21, "unhealthy": 23}
_OF_CERTIFICATES: Final = {
    State.EXPIRED: (20, "failed", "has a certificate that has expired"),
    State.NOT_YET: (20, "failed", "has a certificate that is not valid yet"),
    State.WRONG_NAME: (20, "failed", "has a certificate for another name"),
    State.NO_ANSWER: (20, "failed", "shows no certificate"),
    State.DIFFERS: (30, "warning", "does not serve its newest certificate"),
    State.SOON: (31, "warning", "has a certificate that ends soon"),
    State.UNKNOWN: (45, "unknown", "has a certificate that nobody could look at"),
}


def of_containers(user: Viewer, now: datetime, told: Collection[int] = ()) -> Some:
    rows = container_rows(user).filter(containers_in_need()).exclude(pk__in=told)
    total = rows.count()
    newest = rows.order_by("-state_since")[:MOST_OF_A_KIND]
    return [_of_container(container_out(row, now=now)) for row in newest], total


def _of_container(item: dict[str, Any]) -> Need:
    reason = why(item["state"], item["health"], item["exit_code"])
    ended = item["state"] == Container.State.EXITED
    state = "failed" if ended else "unhealthy" if reason == "unhealthy" else item["state"]
    return Need(
        rank=_RANKS.get(state, 22),
        kind="container",
        id=item["id"],
        state=state,
        word=f"exit {item['exit_code']}" if ended else "",
        title=item["name"],
        says=reason if ended else f"is {reason}",
        detail=f"On {item['host_name']}",
        since=item["state_since"],
        source=_SEEN_BY[item["source"]],
        path=page_of("container", item["id"]) + "?tab=logs",
        action="See log",
    )


def of_certificates(user: Viewer, now: datetime, told: Collection[int] = ()) -> Some:
    """What is unknown because its host is not reached is told with the host."""
    seen = Q(host__state=Host.State.REACHABLE, host__inventory_at__gte=now - stale_after())
    asked = Q(certificate_check__tried_at__isnull=False)
    ill = Q(live_state__in=(*BROKEN, State.DIFFERS, State.SOON))
    lost = Q(live_state=State.UNKNOWN) & seen & asked
    rows = certificate_rows(user, now=now).filter(ill | lost).exclude(pk__in=told)
    total = rows.count()
    worst = rows.order_by("rank", "ends", "name")[:MOST_OF_A_KIND]
    return [_of_certificate(user, row, now) for row in worst], total


def _of_certificate(user: Viewer, row: Certificate, now: datetime) -> Need:
    told = certificate_out(row, now=now)
    rank, looks, says = _OF_CERTIFICATES[State(told["state"])]
    return Need(
        rank=rank,
        kind="certificate",
        id=row.pk,
        state=looks,
        word=State(told["state"]).label,
        title=row.shown,
        says=says,
        detail=_sentence(told["problems"]),
        since=told["unknown_since"] or told["checked_at"],
        source="a look from its host",
        path=page_of("certificate", row.pk),
        action="Open certificate",
        act=act_on(user, "cert.check", "domain", row, "Check now"),
    )


def _sentence(problems: list[str]) -> str:
    return f"{problems[0][:1].upper()}{problems[0][1:]}." if problems else ""


def of_itself(user: Viewer, now: datetime) -> Some:
    """SiteFlow's own monitors and workers, for who can do something about them."""
    if not may(user, ADMIN_PERMISSION):
        return [], 0
    parts = {"monitor": monitor(), "queue": queue()}
    found = [_of_part(name, part, now) for name, part in parts.items() if _is_a_need(name, part)]
    return found, len(found)


def _is_a_need(name: str, part: Found) -> bool:
    """Hosts that a living monitor is behind with stand there as hosts."""
    return not part.ok and not (name == "monitor" and part.details["monitors"])


def _of_part(name: str, part: Found, now: datetime) -> Need:
    return Need(
        rank=1,
        kind="siteflow",
        id=None,
        state="failed",
        word="",
        title=f"SiteFlow’s {name}",
        says="is not well",
        detail=part.words,
        since=None,
        source="SiteFlow’s own health, asked now",
        path=reverse("admin:health"),
        action="See health",
    )
