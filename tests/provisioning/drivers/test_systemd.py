from __future__ import annotations

import re

import pytest

from provisioning.drivers import systemd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result
from provisioning.drivers.systemd import Service

# systemctl 252 (Debian 12) and, with its dot, 245 (Ubuntu 20.04).
LISTED = """\
cron.service                       loaded    active   running Regular background program daemon
getty@tty1.service                 loaded    active   running Getty on tty1
lvm2-lvmpolld.service              not-found inactive dead    lvm2-lvmpolld.service
● nginx.service                    loaded    failed   failed  A high performance web server
systemd-fsck@dev-disk-by\\x2duuid.service loaded inactive dead File System Check
"""
SHOWN = """\
Id=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
MainPID=812
ActiveEnterTimestamp=Sat 2026-11-21 01:00:00 UTC
Environment=SECRET=1
"""


def test_services_are_read() -> None:
    found = systemd.parse_services(LISTED)
    assert [service.name for service in found] == [
        "cron.service",
        "getty@tty1.service",
        "lvm2-lvmpolld.service",
        "nginx.service",
        "systemd-fsck@dev-disk-by\\x2duuid.service",
    ]
    assert found[3] == Service(
        "nginx.service", "loaded", "failed", "failed", "A high performance web server"
    )


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a b", "-H.service loaded active running x", "x.socket loaded a b c"]
)
def test_other_lines_are_left_out(text: str) -> None:
    assert systemd.parse_services(text) == ()


def test_hostile_descriptions() -> None:
    line = "a.service loaded active running \x1b[2J" + "x" * 1000
    (service,) = systemd.parse_services(line)
    assert len(service.description) == 255
    assert service.description.startswith("[2Jx")


def test_argvs() -> None:
    assert systemd.restart_argv("nginx.service") == ("systemctl", "restart", "--", "nginx.service")
    assert systemd.show_argv("a@b.service")[-2:] == ("--", "a@b.service")
    assert "--plain" in systemd.list_argv()


@pytest.mark.parametrize(
    "name",
    ["", "nginx", "--host=evil.service", "-M.service", "a b.service", "a;id.service", "a\n.service",
     "ü.service", "a.service\n", "a" * 250 + ".service", "../../x.service", "a.socket"],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(DriverError) as caught:
        systemd.restart_argv(name)
    assert caught.value.code == "bad_argument"


def test_the_pattern_for_schemas_agrees() -> None:
    assert re.search(systemd.UNIT_PATTERN, "getty@tty1.service")
    assert not re.search(systemd.UNIT_PATTERN, "-x.service")
    assert not re.search(systemd.UNIT_PATTERN, "nginx.socket")


def test_reading_one_unit() -> None:
    host = FakeHost()
    host.answer("systemctl", "show", stdout=SHOWN)
    unit = systemd.read_unit(host, "nginx.service")
    assert unit["ActiveState"] == "active"
    assert unit["ActiveEnterTimestamp"] == "Sat 2026-11-21 01:00:00 UTC"
    assert "Environment" not in unit


def test_a_unit_that_is_not_there() -> None:
    host = FakeHost()
    host.answer("systemctl", "show", stdout="LoadState=not-found\nActiveState=inactive\n")
    with pytest.raises(DriverError) as caught:
        systemd.read_unit(host, "nginx.service")
    assert caught.value.code == "not_found"


def test_a_host_without_systemd() -> None:
    host = FakeHost()
    host.answer("systemctl", stderr="sh: systemctl: not found", exit_code=127)
    with pytest.raises(DriverError) as caught:
        systemd.list_services(host)
    assert caught.value.code == "command_failed"


def test_waits_until_the_unit_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.drivers.systemd._POLL_S", 0)
    host, states = FakeHost(), iter(["activating", "activating", "active"])
    host.answer_by(
        "systemctl",
        "show",
        answer=lambda argv: Result(0, f"ActiveState={next(states)}\n", "", False, 1),
    )
    assert systemd.wait_active(host, "a.service", timeout_s=5)["ActiveState"] == "active"
    assert len(host.ran) == 3


def test_waiting_ends_in_time() -> None:
    host = FakeHost()
    host.answer("systemctl", "show", stdout="ActiveState=activating\n")
    assert systemd.wait_active(host, "a.service", timeout_s=0)["ActiveState"] == "activating"
