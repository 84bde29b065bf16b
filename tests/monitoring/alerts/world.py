"""Rows as a monitor writes them, and turns at moments that the tests choose."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from monitoring.alerts.measured import Measured
from monitoring.alerts.models import Alert, Rule
from monitoring.alerts.turning import turn
from monitoring.notify.models import Channel, Delivery
from sites.models import Container, Host, Site
from tests.provisioning.rows import make_container, make_host

EVERY = timedelta(seconds=5)
TRUST = timedelta(days=400)


class World:
    """A clock that goes on only when it is told to; hosts stay freshly read."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.measured = Measured()

    def host(self, name: str = "web1", **values: Any) -> Host:
        given = {"monitored_until": self.now + TRUST, "inventory_at": self.now, **values}
        return make_host(name, state_since=self.now, **given)

    def container(self, host: Host, name: str = "shop-web-1", **values: Any) -> Container:
        return make_container(host, name, **values)

    def exit(self, row: Container, code: int = 137) -> None:
        self.change(row, state="exited", exit_code=code, finished_at=self.now)

    def run(self, row: Container) -> None:
        self.change(row, state="running", exit_code=None, started_at=self.now)

    def change(self, row: Host | Container | Site, **values: Any) -> None:
        type(row).objects.filter(pk=row.pk).update(**values)

    def lose(self, host: Host, code: str = "unreachable", **values: Any) -> None:
        words = f"{host.name} does not answer."
        self.change(
            host, state="unreachable", state_since=self.now, error_code=code, error=words, **values
        )

    def find(self, host: Host) -> None:
        self.change(
            host, state="reachable", state_since=self.now, error_code="", error="",
            inventory_at=self.now,
        )  # fmt: skip

    def turn(self, after_s: float = 5, *, reading: bool = True) -> bool:
        """Time passes; reachable hosts are read; one turn."""
        self.now += timedelta(seconds=after_s)
        if reading:
            Host.objects.filter(state="reachable").update(inventory_at=self.now)
        return turn(self.measured, now=self.now, every=EVERY)

    def pass_s(self, seconds: float) -> None:
        """With a turn every five of them."""
        for _ in range(int(seconds // 5)):
            self.turn()


def rule(kind: str, **values: Any) -> Rule:
    given = {"name": kind, "severity": "critical", "for_s": 30, "clear_for_s": 30, **values}
    return Rule.objects.create(kind=kind, **given)


def channel(**values: Any) -> Channel:
    row = Channel(**{"name": "everybody", "kind": "json", "min_severity": "info", **values})
    row.save()
    return row


def told() -> list[tuple[str, str]]:
    """What was sent on its way, in order: kind and title."""
    return list(Delivery.objects.order_by("pk").values_list("kind", "title"))


def only(**which: Any) -> Alert:
    return Alert.objects.get(**which)


def states() -> list[tuple[str, str]]:
    return sorted(Alert.objects.values_list("subject_name", "state"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
