"""The process `manage.py monitor`: how it begins, ends, and what a killed one leaves."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from monitoring.health.lag import monitor_health
from monitoring.models import Monitor
from sites.models import Host
from tests.monitoring.process import END_S, MonitorProcess, monitoring
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)

START_S = 30


def local_host(folder: Path) -> Host:
    """A host whose Docker is not there."""
    return make_host(state="new", inventory_at=None, docker_socket=str(folder / "docker.sock"))


def holder() -> str:
    return Host.objects.get().monitored_by


def test_it_watches_sweeps_and_ends_when_told_to(tmp_path: Path) -> None:
    local_host(tmp_path)
    with monitoring(tmp_path / "log") as monitor:
        until(lambda: Host.objects.get().state == "no_docker", timeout_s=START_S)
        assert Host.objects.get().error_code == "docker_missing"
        until(lambda: Monitor.objects.get().swept_at is not None)
        assert monitor_health().monitors == 1
        assert monitor.end(signal.SIGINT) < END_S
        assert monitor.process.returncode == 0
    assert holder() == ""
    assert not Monitor.objects.exists()


def test_it_ends_at_once_also_while_a_host_hangs(tmp_path: Path) -> None:
    """The socket takes the connection and never answers."""
    host = local_host(tmp_path)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(host.docker_socket)
        mute.listen()
        with monitoring(tmp_path / "log") as monitor:
            mute.settimeout(START_S)
            caller, _ = mute.accept()
            assert monitor.end() < END_S
            caller.close()


def test_a_killed_one_is_followed_up_at_once(tmp_path: Path) -> None:
    local_host(tmp_path)
    killed = MonitorProcess(tmp_path / "killed")
    until(holder, timeout_s=START_S)
    first = holder()
    killed.end(signal.SIGKILL)
    with monitoring(tmp_path / "log"):
        until(lambda: holder() != first, timeout_s=START_S)
        until(lambda: [row.name for row in Monitor.objects.all()] == [holder()])
