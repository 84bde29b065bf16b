"""What a real Docker Engine says, as the monitor process keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.events.models import HostEvent
from sites.models import Container
from tests.lab import Lab
from tests.monitoring.lab_hosts import fresh, register
from tests.monitoring.process import monitoring
from tests.monitoring.waiting import until

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


def happened() -> set[tuple[str, str, str]]:
    return set(HostEvent.objects.values_list("type", "name", "action"))


def test_events_of_all_that_is_on_a_host(lab: Lab, tmp_path: Path) -> None:
    host = lab.web1
    register(host)
    with monitoring(tmp_path / "log", MONITOR_INTERVAL_S="2"):
        until(lambda: fresh("web1"), timeout_s=60)
        host.docker("volume", "create", "happens")
        host.docker("network", "create", "happening")
        host.docker("tag", "siteflow/busybox:1", "happens:1")
        host.docker("exec", "legacy", "echo", "hunter2")
        host.docker("pause", "legacy")
        host.docker("unpause", "legacy")
        host.docker("rmi", "happens:1")
        host.docker("network", "rm", "happening")
        host.docker("volume", "rm", "happens")
        expected = {
            ("volume", "happens", "create"), ("volume", "happens", "destroy"),
            ("network", "happening", "create"), ("network", "happening", "destroy"),
            ("image", "happens:1", "tag"),
            ("container", "legacy", "pause"), ("container", "legacy", "unpause"),
        }  # fmt: skip
        until(lambda: expected <= happened())
        assert {"untag", "delete"} & {action for kind, _, action in happened() if kind == "image"}
        assert "hunter2" not in repr(list(HostEvent.objects.values()))
        legacy = Container.objects.get(name="legacy")
        paused = HostEvent.objects.get(name="legacy", action="pause")
        assert paused.container == legacy.pk
