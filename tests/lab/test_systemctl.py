"""The stand-in for systemctl says what systemd 252 says."""

import json

import pytest

from tests.lab import Lab

pytestmark = pytest.mark.lab
LIST = "systemctl list-units --type=service --all --no-pager --no-legend --plain"


def test_units_in_columns(lab: Lab) -> None:
    rows = [line.split(maxsplit=4) for line in lab.web1.ssh(LIST).stdout.splitlines()]
    assert len(rows) == 9
    assert ["backup.service", "loaded", "failed", "failed", "Nightly backup"] in rows
    assert ["cron.service", "loaded", "active", "running"] in [row[:4] for row in rows]


def test_units_as_json(lab: Lab) -> None:
    units = json.loads(lab.web1.ssh(f"{LIST} --output=json").stdout)
    assert {unit["unit"]: unit["active"] for unit in units}["fail2ban.service"] == "inactive"


def test_no_docker_service_without_docker(lab: Lab) -> None:
    assert "docker.service" in lab.web1.ssh(LIST).stdout
    assert "docker.service" not in lab.bare.ssh(LIST).stdout


def test_show_gives_the_properties_asked_for(lab: Lab) -> None:
    asked = "--property=Id,ActiveState,ActiveEnterTimestamp"
    answer = lab.bare.ssh(f"systemctl show fail2ban {asked}; systemctl show ssh {asked}").stdout
    assert answer.splitlines() == [
        *("Id=fail2ban.service", "ActiveState=inactive", "ActiveEnterTimestamp="),
        *("Id=ssh.service", "ActiveState=active"),
        "ActiveEnterTimestamp=Thu 2026-01-01 00:00:00 UTC",
    ]


def test_show_of_an_unknown_unit(lab: Lab) -> None:
    answer = lab.web1.ssh("systemctl show nope.service -p LoadState --value")
    assert (answer.returncode, answer.stdout) == (0, "not-found\n")


@pytest.mark.parametrize(
    ("unit", "state", "code"),
    [("ssh", "active", 0), ("backup", "failed", 3), ("fail2ban", "inactive", 3)],
)
def test_is_active(lab: Lab, unit: str, state: str, code: int) -> None:
    answer = lab.bare.ssh(f"systemctl is-active {unit}")
    assert (answer.stdout.strip(), answer.returncode) == (state, code)


def test_a_restart_gives_a_new_process_and_time(lab: Lab) -> None:
    show = "systemctl show caddy.service -p MainPID,NRestarts,ActiveState,ActiveEnterTimestamp"
    before = lab.web1.ssh(show).stdout.splitlines()
    assert lab.web1.ssh("systemctl restart caddy.service").returncode == 0
    after = lab.web1.ssh(show).stdout.splitlines()
    assert after[2] == before[2] == "ActiveState=active"
    assert (after[0], after[3]) != (before[0], before[3])


def test_two_restarts_at_once_lose_nothing(lab: Lab) -> None:
    both = "systemctl restart cron & systemctl restart ssh & wait; systemctl list-units | wc -l"
    assert lab.bare.ssh(both).stdout.strip() == "7"


def test_restarting_an_unknown_unit_fails_as_with_systemd(lab: Lab) -> None:
    answer = lab.web1.ssh("systemctl restart nope.service")
    assert answer.returncode == 5
    assert answer.stderr == "Failed to restart nope.service: Unit nope.service not found.\n"


def test_a_service_that_fails_to_start(lab: Lab) -> None:
    answer = lab.web1.ssh("systemctl restart backup.service")
    assert answer.returncode == 1
    assert "the control process exited with error code" in answer.stderr


def test_a_restart_takes_root(lab: Lab) -> None:
    answer = lab.web2.ssh("systemctl restart caddy", user="deploy")
    assert (answer.returncode, "authentication required" in answer.stderr) == (1, True)
    assert lab.web2.ssh("sudo -n systemctl restart caddy", user="deploy").returncode == 0
