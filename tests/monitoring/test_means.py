"""How the monitor reaches hosts: with short time-outs, and blaming the right one."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.means import CALL_TIMEOUT_S, interval_s, shown_key, way_to
from provisioning.drivers import hostkeys
from provisioning.drivers.errors import DriverError
from provisioning.drivers.target import SshTarget
from sites.models import Credential, Host
from sites.models.host import stale_after
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db

KEY = "ssh-ed25519 QUJD"


def ssh_host(name: str, **values: Any) -> Host:
    credential = Credential(kind=Credential.Kind.PASSWORD)
    credential.seal("p@ss")
    credential.save()
    values = {"host_key": KEY, "address": "192.0.2.1", "username": "root", **values}
    return make_host(name, connection="ssh", credential=credential, **values)


@pytest.mark.parametrize("seconds", [1, 5, 10, 60, 3600])
def test_rows_never_turn_unknown_between_two_reads(settings: Any, seconds: int) -> None:
    settings.MONITOR_INTERVAL_S = seconds
    assert interval_s() <= seconds
    assert 3 * interval_s() <= stale_after().total_seconds()


def test_time_outs_are_short_all_along_the_way_and_alike_for_all_behind() -> None:
    jump = ssh_host("jump", command_timeout_s=60, connect_timeout_s=60)
    target = way_to(ssh_host("web1", via=jump, command_timeout_s=3))
    assert isinstance(target, SshTarget)
    assert (target.command_timeout_s, target.connect_timeout_s) == (3, CALL_TIMEOUT_S)
    assert target.via == way_to(jump)


def test_a_local_host_is_asked_impatiently_too() -> None:
    assert way_to(make_host()).command_timeout_s == CALL_TIMEOUT_S


@pytest.mark.parametrize("values", [{"host_key": ""}, {"state": "key_changed"}])
def test_a_jump_hosts_key_is_no_fault_of_the_host_behind(values: dict[str, Any]) -> None:
    host = ssh_host("web1", via=ssh_host("jump", **values))
    for reach in (way_to, shown_key):
        with pytest.raises(DriverError, match="jump") as raised:
            reach(host)
        assert raised.value.code == "unreachable"


def test_the_key_is_asked_for_by_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SshTarget] = []

    def key_of(target: SshTarget) -> str:
        asked.append(target)
        return KEY

    monkeypatch.setattr(hostkeys, "key_of", key_of)
    host = ssh_host("web1", host_key="", via=ssh_host("jump"))
    assert shown_key(host) == KEY
    assert asked[0].via == way_to(Host.objects.get(name="jump"))
    assert asked[0].connect_timeout_s <= CALL_TIMEOUT_S
