"""The monitor as a process, watching real hosts while they are cut off, frozen and restarted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db.models import F

from sites.models import Container, Host, Site
from tests.lab import Host as LabHost
from tests.lab import Lab
from tests.monitoring.lab_hosts import container_state, fresh, register, state
from tests.monitoring.process import MonitorProcess, monitoring
from tests.monitoring.waiting import until

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

START_S = 60.0
UNKNOWN_WITHIN_S = 60.0
BACK_WITHIN_S = 15.0
Starts = Callable[..., AbstractContextManager[MonitorProcess]]


@pytest.fixture
def watching(tmp_path: Path) -> Starts:
    """Starts a monitor and returns once it has read these hosts."""

    @contextmanager
    def start(*names: str) -> Iterator[MonitorProcess]:
        with monitoring(tmp_path / "log", MONITOR_INTERVAL_S="2") as monitor:
            until(lambda: all(fresh(name) for name in names), timeout_s=START_S)
            yield monitor

    return start


def shown_by_docker(host: LabHost) -> dict[str, str]:
    lines = host.docker("ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines()
    return dict(line.split() for line in lines)


def shown_by_rows(name: str) -> dict[str, str]:
    return dict(Container.objects.filter(host__name=name).values_list("name", "state"))


def test_what_docker_shows_is_what_the_rows_say(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    register(lab.web2, user="deploy")  # not root, with sudo
    with watching("web1", "web2"):
        for host in (lab.web1, lab.web2):
            until(lambda host=host: shown_by_rows(host.name) == shown_by_docker(host))  # type: ignore[misc]
        web = Container.objects.get(host__name="web1", name="shop-web-1")
        assert (web.compose_project, web.compose_service) == ("shop", "web")
        assert {port["public"] for port in web.ports} == {8080}
        assert Container.objects.get(host__name="web1", name="shop-migrate-1").exit_code == 3
        assert [site.project for site in Site.objects.filter(host__name="web2")] == ["shop"]
        until(
            lambda: Host.objects.get(name="web1").facts and Host.objects.get(name="web1").services
        )


def test_the_docker_command_on_a_host_changes_its_rows(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    with watching("web1"):
        lab.web1.docker("stop", "legacy")
        until(lambda: container_state("web1", "legacy") == "exited")
        lab.web1.docker("start", "legacy")
        until(lambda: container_state("web1", "legacy") == "running")
        lab.web1.docker("pause", "legacy")
        until(lambda: container_state("web1", "legacy") == "paused")
        lab.web1.docker("unpause", "legacy")
        lab.web1.docker("create", "--name=brief", "--label=x=y", "siteflow/busybox:1")
        until(lambda: container_state("web1", "brief") == "created")
        lab.web1.docker("rename", "brief", "briefly")
        until(lambda: "briefly" in shown_by_rows("web1"))
        lab.web1.docker("rm", "briefly")
        until(lambda: shown_by_rows("web1") == shown_by_docker(lab.web1))


def test_a_restart_of_docker_heals_by_itself(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    with watching("web1"):
        lab.web1.stop_dockerd()
        until(lambda: state("web1") == "no_docker", timeout_s=UNKNOWN_WITHIN_S)
        assert Host.objects.get().error_code == "docker_down"
        assert "Docker" in Host.objects.get().error
        lab.web1.start_dockerd()
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)
        until(lambda: shown_by_rows("web1") == shown_by_docker(lab.web1), timeout_s=30)


def test_a_black_hole_takes_only_its_own_host(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    register(lab.web2)
    with watching("web1", "web2"):
        lab.web1.black_hole()
        until(lambda: not fresh("web1"), timeout_s=UNKNOWN_WITHIN_S)
        lab.web2.docker("stop", "legacy")
        until(lambda: container_state("web2", "legacy") == "exited")
        lab.web2.docker("start", "legacy")
        assert fresh("web2")
        until(lambda: state("web1") == "unreachable", timeout_s=UNKNOWN_WITHIN_S)
        lab.web1.heal()
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)


def test_a_frozen_host_is_noticed_and_comes_back(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    register(lab.web2)
    with watching("web1", "web2"):
        lab.web1.freeze()
        until(lambda: state("web1") == "unreachable", timeout_s=UNKNOWN_WITHIN_S)
        assert fresh("web2")
        lab.web1.thaw()
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)


def test_what_changed_while_the_link_was_cut_is_found(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    with watching("web1"):
        lab.web1.cut()
        until(lambda: state("web1") == "unreachable", timeout_s=UNKNOWN_WITHIN_S)
        lab.web1.docker("stop", "legacy")
        lab.web1.heal()
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)
        until(lambda: container_state("web1", "legacy") == "exited")
        lab.web1.docker("start", "legacy")


def test_nobody_logs_in_at_a_host_that_shows_another_key(lab: Lab, watching: Starts) -> None:
    register(lab.web1)
    with watching("web1"):
        lab.web1.replace_host_key()
        attempts = lab.web1.auth_attempts()
        lab.web1.end_sessions()
        until(lambda: state("web1") == "key_changed", timeout_s=UNKNOWN_WITHIN_S)
        seen = lab.web1.connections()
        until(lambda: Host.objects.get().offered_key == lab.web1.host_public_key)
        until(lambda: lab.web1.connections() > seen, timeout_s=30)
        assert lab.web1.auth_attempts() == attempts
        lab.web1.restore_host_key()
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)


def test_nobody_logs_in_before_the_key_is_approved(lab: Lab, watching: Starts) -> None:
    register(lab.impostor, approved=False)
    register(lab.web1, approved=False)
    before = lab.impostor.auth_attempts(), lab.web1.auth_attempts()
    with watching():
        until(lambda: state("impostor") == state("web1") == "key_unapproved", timeout_s=START_S)
        seen = lab.impostor.connections()
        until(lambda: lab.impostor.connections() > seen, timeout_s=30)
        assert (lab.impostor.auth_attempts(), lab.web1.auth_attempts()) == before
        offered = Host.objects.get(name="web1").offered_key
        assert offered == lab.web1.host_public_key
        Host.objects.filter(name="web1").update(
            host_key=offered, offered_key="", state="new", revision=F("revision") + 1
        )
        until(lambda: fresh("web1"), timeout_s=BACK_WITHIN_S)
        assert lab.impostor.auth_attempts() == before[0]


def test_a_host_behind_another_and_what_its_jump_host_is_to_blame_for(
    lab: Lab, watching: Starts
) -> None:
    jump = register(lab.web1)
    register(lab.web2, via=jump, address=lab.web2.inner_address)
    with watching("web1", "web2"):
        until(lambda: shown_by_rows("web2") == shown_by_docker(lab.web2))
        Host.objects.filter(name="web1").update(host_key="", revision=F("revision") + 1)
        until(lambda: state("web2") == "unreachable", timeout_s=UNKNOWN_WITHIN_S)
        assert "web1" in Host.objects.get(name="web2").error
        Host.objects.filter(name="web1").update(
            host_key=lab.web1.host_public_key, state="new", revision=F("revision") + 1
        )
        until(lambda: fresh("web1") and fresh("web2"), timeout_s=BACK_WITHIN_S)


def test_what_keeps_docker_from_us_is_named(lab: Lab, watching: Starts) -> None:
    register(lab.web2, user="guest")
    register(lab.bare)
    with watching():
        until(lambda: state("web2") == state("bare") == "no_docker", timeout_s=START_S)
    codes = dict(Host.objects.values_list("name", "error_code"))
    assert codes == {"web2": "docker_denied", "bare": "docker_missing"}
