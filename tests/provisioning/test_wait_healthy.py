"""Waiting for containers: their own health check is asked before the Engine's interval is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import DATE_ARGV
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.engine.inline import InlineOp
from provisioning.models import Operation
from provisioning.operations import site_work
from provisioning.operations.contract import VerbError
from provisioning.operations.site_work import Work
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_release, make_site

pytestmark = pytest.mark.django_db
LABELS = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """Nothing on it has been found well by its Engine yet."""
    monkeypatch.setattr(site_work, "POLL_S", 0)
    return FakeHost(containers=[fake_container("shop-web-1", labels=LABELS, health="starting")])


def work(host: FakeHost) -> Work:
    site = make_site(make_host(), "shop")
    op: Any = InlineOp(Operation(journal={}), site, None, COMMAND)
    return Work.of(op, host, make_release(site))


def changed(host: FakeHost, **values: Any) -> None:
    host.containers["shop-web-1"] = replace(host.containers["shop-web-1"], **values)


def test_whose_own_check_passes_is_waited_for_no_longer(host: FakeHost) -> None:
    host.well.add("shop-web-1")
    work(host).wait_healthy()
    assert [words[1] for words in host.ran].count("passes_check") == 1


def test_whose_check_does_not_pass_yet_is_asked_again(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(host.docker, "passes_check", lambda key, within_s: next(answers))
    work(host).wait_healthy()
    assert list(answers) == []


def test_a_check_that_cannot_be_asked_is_left_to_the_engine(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str, within_s: float) -> bool:
        changed(host, health="healthy")
        raise DriverError("web1: no exec", "docker_error")

    monkeypatch.setattr(host.docker, "passes_check", fail)
    work(host).wait_healthy()


@pytest.mark.parametrize("lost", [{"health": "unhealthy"}, {"state": "exited", "exit_code": 3}])
def test_what_the_engine_gives_up_is_lost(host: FakeHost, lost: dict[str, Any]) -> None:
    host.well.add("shop-web-1")
    changed(host, **lost)
    with pytest.raises(VerbError) as caught:
        work(host).wait_healthy()
    assert caught.value.code == "unhealthy"


def test_there_is_an_end_to_waiting(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_work, "HEALTHY_S", 0)
    with pytest.raises(VerbError, match="starting"):
        work(host).wait_healthy()


def test_a_last_look_asks_the_check_as_well(host: FakeHost) -> None:
    host.well.add("shop-web-1")
    one = work(host)
    one.still_healthy()
    host.well.clear()
    with pytest.raises(VerbError, match="starting"):
        one.still_healthy()


@pytest.mark.parametrize("ahead_s", [-600, 600])
def test_how_long_it_runs_is_told_by_its_hosts_clock(
    host: FakeHost, ahead_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one on a host whose clock is ahead never counts, and on one behind at once."""
    host_now = timezone.now() + timedelta(seconds=ahead_s)
    host.answer(*DATE_ARGV, stdout=f"{host_now.timestamp():.9f}\n")
    monkeypatch.setattr(site_work, "HEALTHY_S", 5)
    changed(host, health="", started_at=host_now - timedelta(seconds=10))
    waiting = work(host)
    waiting.wait_healthy()
    changed(host, started_at=host_now)
    with pytest.raises(VerbError, match="running"):
        waiting.still_healthy()
