"""What the first page shows: the state of everything, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Value, When
from django.urls import reverse

from provisioning.models import Operation
from sites.attention import HOST_STATES, containers_in_need, is_out_of_sight, out_of_sight, why
from sites.models import Container, Host
from sites.models.container import UNKNOWN
from sites.rights import Viewer, may
from sites.rows import container_rows, host_rows
from sites.schemas import container_out

MAX_SHOWN = 8
# The order in which states are told, worst last seen first.
_ORDER = ("running", "paused", "restarting", "created", "exited", "dead", "removing", "unknown")
_HOST_ORDER = (*Host.State.values, UNKNOWN)
_WORST_HOSTS = (HOST_STATES[0], HOST_STATES[1], UNKNOWN, *HOST_STATES[2:])
_NEXT = {
    Host.State.NEW: "Test it: SiteFlow then shows you its host key to approve.",
    Host.State.KEY_UNAPPROVED: "Compare its fingerprint, then approve the key.",
    Host.State.KEY_CHANGED: "Nothing is sent to it until the new key is approved.",
}


_WITHOUT_SUCCESS = (Operation.Status.FAILED, Operation.Status.UNDONE)
_NOBODY_LOOKS = "Nobody has looked at it since: check that SiteFlow’s monitor is running."


@dataclass(frozen=True)
class Need:
    """One thing to look at, with the link that leads to what can be done about it."""

    state: str
    word: str
    title: str
    detail: str
    url: str
    action: str
    at: Any


def overview(user: Viewer) -> dict[str, Any]:
    hosts = list(_told(host_rows(user)).order_by(_worst_first(), "name")[:MAX_SHOWN])
    rows = container_rows(user)
    return {
        "title": "Overview",
        "hosts": hosts,
        "host_states": _by_state(_told(Host.objects.visible_to(user)), "told", _HOST_ORDER),
        "container_states": _by_state(
            Container.objects.visible_to(user).live(), "live_state", _ORDER
        ),
        "needs": _needs(hosts, rows),
        "needy_containers": rows.filter(containers_in_need()).count(),
        "active": _operations(user).active()[:MAX_SHOWN],
        "failed": _operations(user).filter(status__in=_WITHOUT_SUCCESS)[:5],
        "may_manage": may(user, "sites.manage_host"),
    }


def _operations(user: Viewer) -> Any:
    return Operation.objects.visible_to(user).defer("journal", "result").order_by("-id")


def _told(hosts: Any) -> Any:
    """Adds ``told``: the state, or "unknown" for a host that nobody has looked at for long."""
    return hosts.annotate(told=Case(When(out_of_sight(), then=Value(UNKNOWN)), default=F("state")))


def _worst_first() -> Case:
    ranks = [When(told=state, then=Value(rank)) for rank, state in enumerate(_WORST_HOSTS)]
    return Case(*ranks, default=Value(len(ranks)), output_field=IntegerField())


def _by_state(rows: Any, column: str, order: tuple[str, ...]) -> list[tuple[str, int]]:
    found = dict(rows.order_by().values_list(column).annotate(number=Count("pk")))
    return [(state, found[state]) for state in order if state in found]


def _needs(hosts: list[Host], rows: Any) -> list[Need]:
    found = [_of_host(row) for row in hosts if row.told in _WORST_HOSTS]  # type: ignore[attr-defined]
    needy = rows.filter(containers_in_need()).order_by("-state_since")[:MAX_SHOWN]
    found += [_of_container(container_out(row)) for row in needy]
    return found[: MAX_SHOWN + 4]


def _of_host(row: Host) -> Need:
    lost = is_out_of_sight(row)
    detail = _NOBODY_LOOKS if lost else _NEXT.get(Host.State(row.state)) or row.error or row.advice
    approve = row.state in (Host.State.KEY_UNAPPROVED, Host.State.KEY_CHANGED)
    url = reverse("admin:sites_host_change", args=[row.pk])
    return Need(
        UNKNOWN if lost else row.state,
        "",
        row.name,
        detail,
        f"{url}#host-key" if approve else url,
        "Compare key" if approve else "Open host",
        row.inventory_at if lost else row.state_since,
    )


def _of_container(item: dict[str, Any]) -> Need:
    reason = why(item["state"], item["health"], item["exit_code"])
    url = reverse("admin:sites_container_change", args=[item["id"]])
    ended = item["state"] == Container.State.EXITED
    return Need(
        "failed" if ended else "unhealthy" if reason == "unhealthy" else item["state"],
        f"exit {item['exit_code']}" if ended else "",
        item["name"],
        f"{reason.capitalize()}, on {item['host_name']}",
        f"{url}?tab=logs",
        "See log",
        item["state_since"],
    )
