"""What the first page shows: the state of everything, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, IntegerField, Value, When
from django.urls import reverse

from provisioning.models import Operation
from sites.attention import HOST_STATES, containers_in_need, why
from sites.models import Container, Host
from sites.rights import Viewer, may
from sites.rows import container_rows, host_rows
from sites.schemas import container_out

MAX_SHOWN = 8
# The order in which states are told, worst last seen first.
_ORDER = ("running", "paused", "restarting", "created", "exited", "dead", "removing", "unknown")
_NEXT = {
    Host.State.NEW: "Test it: SiteFlow then shows you its host key to approve.",
    Host.State.KEY_UNAPPROVED: "Compare its fingerprint, then approve the key.",
    Host.State.KEY_CHANGED: "Nothing is sent to it until the new key is approved.",
}


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
    hosts = list(host_rows(user).order_by(_worst_first(), "name")[: MAX_SHOWN + 1])
    rows = container_rows(user)
    return {
        "title": "Overview",
        "hosts": hosts[:MAX_SHOWN],
        "host_states": _by_state(Host.objects.visible_to(user), "state", tuple(Host.State.values)),
        "container_states": _by_state(
            Container.objects.visible_to(user).live(), "live_state", _ORDER
        ),
        "needs": _needs(hosts, rows),
        "needy_containers": rows.filter(containers_in_need()).count(),
        "active": _operations(user).active()[:MAX_SHOWN],
        "failed": _operations(user).filter(status=Operation.Status.FAILED)[:5],
        "may_manage": may(user, "sites.manage_host"),
    }


def _operations(user: Viewer) -> Any:
    return Operation.objects.visible_to(user).defer("journal", "result").order_by("-id")


def _worst_first() -> Case:
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(HOST_STATES)]
    return Case(*ranks, default=Value(len(ranks)), output_field=IntegerField())


def _by_state(rows: Any, column: str, order: tuple[str, ...]) -> list[tuple[str, int]]:
    found = dict(rows.order_by().values_list(column).annotate(number=Count("pk")))
    return [(state, found[state]) for state in order if state in found]


def _needs(hosts: list[Host], rows: Any) -> list[Need]:
    found = [_of_host(row) for row in hosts if row.state in HOST_STATES]
    needy = rows.filter(containers_in_need()).order_by("-state_since")[:MAX_SHOWN]
    found += [_of_container(container_out(row)) for row in needy]
    return found[: MAX_SHOWN + 4]


def _of_host(row: Host) -> Need:
    detail = _NEXT.get(Host.State(row.state)) or row.error or row.advice
    approve = row.state in (Host.State.KEY_UNAPPROVED, Host.State.KEY_CHANGED)
    url = reverse("admin:sites_host_change", args=[row.pk])
    return Need(
        row.state,
        "",
        row.name,
        detail,
        f"{url}#host-key" if approve else url,
        "Compare key" if approve else "Open host",
        row.state_since,
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
