"""A real Docker Engine through a real sshd."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provisioning.drivers import systemd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import read_facts
from provisioning.drivers.host import EventStream
from provisioning.drivers.local import LocalHost
from provisioning.drivers.preflight import preflight
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import LocalTarget
from tests.lab.command import wait_until
from tests.lab.host import Host
from tests.lab.images import BUSYBOX
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, running, target_of, wait_gone

pytestmark = pytest.mark.lab


@pytest.fixture
def web1(lab: Lab) -> Iterator[SshHost]:
    with opened(lab.web1) as driver:
        yield driver


@pytest.fixture
def container(lab: Lab) -> Iterator[str]:
    """The id of a container of this test's own that ends at once on SIGTERM."""
    script = (
        "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo line $i; sleep 1 & wait $!; done"
    )
    run = ("run", "--detach", "--label", "owner=ü $(id)", BUSYBOX, "sh", "-c", script)
    docker_id = lab.web1.docker(*run).strip()
    yield docker_id
    with contextlib.suppress(Exception):
        lab.web1.docker("rm", "--force", docker_id)


def fails(call: Callable[[], object]) -> DriverError:
    with pytest.raises(DriverError) as caught:
        call()
    return caught.value


def test_containers(lab: Lab, web1: SshHost, container: str) -> None:
    listed = {each.docker_id: each for each in web1.docker.containers()}
    assert listed[container].labels == {"owner": "ü $(id)"}
    full = web1.docker.container(container)
    assert (full.state, full.complete) == ("running", True)
    assert full.started_at is not None
    names = lab.web1.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert sorted(each.name for each in listed.values()) == sorted(names)


def test_the_life_of_a_container(web1: SshHost, container: str) -> None:
    docker = web1.docker

    def state() -> str:
        return docker.container(container).state

    docker.stop(container, grace_s=5)
    docker.stop(container, grace_s=5)
    assert state() == "exited"
    assert docker.container(container).exit_code == 0
    docker.start(container)
    docker.start(container)
    docker.restart(container, grace_s=5)
    assert state() == "running"
    docker.pause(container)
    assert state() == "paused"
    assert fails(lambda: docker.pause(container)).code == "conflict"
    docker.unpause(container)
    assert fails(lambda: docker.unpause(container)).code == "conflict"
    assert fails(lambda: docker.remove(container, force=False)).code == "conflict"
    docker.kill(container, signal="SIGKILL")
    wait_until(lambda: state() == "exited", what="it is dead")
    assert docker.container(container).exit_code == 137
    assert fails(lambda: docker.kill(container, signal="SIGKILL")).code == "conflict"
    docker.remove(container, force=False)
    assert fails(state).code == "not_found"
    assert fails(lambda: docker.restart(container, grace_s=1)).code == "not_found"


def test_logs(web1: SshHost, container: str) -> None:
    wait_until(lambda: len(web1.docker.logs(container, tail=9)) >= 2, what="it wrote two lines")
    assert web1.docker.logs(container, tail=9)[:2] == ["line 1", "line 2"]
    assert len(web1.docker.logs(container, tail=1)) == 1
    assert fails(lambda: web1.docker.logs("no-such", tail=1)).code == "not_found"


def test_logs_of_a_terminal(lab: Lab, web1: SshHost) -> None:
    lab.web1.docker("run", "--detach", "--tty", "--name=tty", BUSYBOX, "echo", "on a terminal")
    try:
        wait_until(lambda: bool(web1.docker.logs("tty", tail=5)), what="it wrote")
        assert web1.docker.logs("tty", tail=5) == ["on a terminal"]
    finally:
        lab.web1.docker("rm", "--force", "tty")


def test_events_as_they_happen(lab: Lab, web1: SshHost, container: str) -> None:
    with contextlib.closing(web1.docker.events(since=time.time(), timeout_s=10)) as stream:
        web1.docker.stop(container, grace_s=5)
        seen = []
        for event in stream:
            assert event is not None
            if event["Actor"]["ID"] == container:
                seen.append(event["Action"])
            if seen[-1:] == ["stop"]:
                break
    assert seen[-2:] == ["die", "stop"]


def test_events_of_the_past(web1: SshHost, container: str) -> None:
    before = time.time()
    web1.docker.restart(container, grace_s=5)
    with contextlib.closing(web1.docker.events(since=before, timeout_s=5)) as stream:
        actions: list[str] = []
        while "restart" not in actions:
            came = stream.take(timeout_s=30)
            assert came, f"only {actions} came"
            actions += [event["Action"] for event in came]


def test_silence_then_close_at_once(lab: Lab, web1: SshHost) -> None:
    web1.close_idle(after_s=-1)
    stream = web1.docker.events(since=time.time(), timeout_s=0.2)
    assert any(event is None for event in stream)
    web1._docker.close_idle(after_s=-1)
    wait_until(lambda: len(running(lab.web1, "dial-stdio")) == 1, what="only the stream is left")
    ended: list[float] = []

    def read() -> None:
        for _ in stream:
            pass
        ended.append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    closed_at = time.monotonic()
    stream.close()
    reader.join(10)
    assert ended[0] - closed_at < 2
    wait_gone(lab.web1, "dial-stdio", timeout_s=3)


def test_a_restarted_engine(lab: Lab, web1: SshHost) -> None:
    count = len(web1.docker.containers())
    stream = web1.docker.events(since=time.time(), timeout_s=30)
    lab.web1.stop_dockerd()
    assert fails(lambda: list(stream)).code == "link_lost"
    stream.close()
    assert fails(web1.docker.containers).code == "docker_down"
    assert fails(lambda: web1.docker.events(since=1, timeout_s=1)).code == "docker_down"
    lab.web1.start_dockerd()
    assert len(web1.docker.containers()) == count


def test_a_frozen_server_ends_the_events(lab: Lab) -> None:
    with opened(lab.web1) as driver:
        stream = driver.docker.events(since=time.time(), timeout_s=0.5)
        lab.web1.freeze()
        started = time.monotonic()
        assert fails(lambda: list(stream)).code == "link_lost"
        assert time.monotonic() - started < 15
        stream.close()
        lab.web1.thaw()
        assert driver.docker.containers()


def test_a_black_hole_is_told_from_a_slow_engine(lab: Lab) -> None:
    with opened(lab.web1, command_timeout_s=4, connect_timeout_s=1) as driver:
        driver.docker.ping()
        lab.web1.black_hole()
        started = time.monotonic()
        assert fails(driver.docker.ping).code == "link_lost"
        assert time.monotonic() - started < 5
        assert fails(driver.docker.ping).code == "unreachable"
        lab.web1.heal()
        driver.docker.ping()


def test_a_frozen_engine_does_not_cost_the_connection(lab: Lab) -> None:
    with opened(lab.web1, command_timeout_s=2) as driver:
        driver.docker.ping()
        before = lab.web1.connections()
        lab.web1.freeze_dockerd()
        assert fails(driver.docker.ping).code == "timeout"
        assert driver.run(("true",)).exit_code == 0
        lab.web1.thaw_dockerd()
        driver.docker.ping()
        assert lab.web1.connections() == before


def test_short_deadlines_are_kept_in_a_black_hole(lab: Lab) -> None:
    with opened(lab.web1, command_timeout_s=1, connect_timeout_s=1) as driver:
        driver.docker.ping()
        lab.web1.black_hole()
        started = time.monotonic()
        assert fails(driver.docker.ping).code == "timeout"
        assert time.monotonic() - started < 2
        link = driver.calls._link
        assert link is not None
        wait_until(lambda: not link.is_active(), what="the dead connection is given up")


@pytest.mark.parametrize(
    ("user", "sudo", "code"),
    [
        ("deploy", True, ""),
        ("deploy", False, "docker_denied"),
        ("ops", False, ""),
        ("ops", True, "sudo_refused"),
        ("guest", False, "docker_denied"),
        ("guest", True, "sudo_refused"),
    ],
)
def test_who_may(lab: Lab, user: str, sudo: bool, code: str) -> None:
    with opened(lab.web2, user=user, sudo=sudo) as driver:
        if code:
            assert fails(driver.docker.containers).code == code
            return
        assert driver.docker.containers()
        with contextlib.closing(driver.docker.events(since=1, timeout_s=1)) as stream:
            assert stream.take(timeout_s=5)
    wait_gone(lab.web2, "dial-stdio")


def test_a_host_without_docker(lab: Lab) -> None:
    with opened(lab.bare) as driver:
        error = fails(driver.docker.containers)
        assert error.code == "docker_missing"
        assert fails(lambda: driver.docker.events(since=1, timeout_s=1)).code == "docker_missing"
    with opened(lab.bare, docker_socket="/etc/passwd") as driver:
        assert fails(driver.docker.containers).code == "docker_missing"


@pytest.fixture
def no_command(lab: Lab) -> Iterator[Lab]:
    """The lab while web1 and web2 lack the docker command."""
    hosts = (lab.web1, lab.web2)
    for host in hosts:
        for folder in ("/usr/bin", "/usr/local/bin"):
            host.run("sh", "-c", f"test ! -e {folder}/docker || mv {folder}/docker {folder}/away")
    yield lab
    for host in hosts:
        for folder in ("/usr/bin", "/usr/local/bin"):
            host.run("sh", "-c", f"test ! -e {folder}/away || mv {folder}/away {folder}/docker")


def test_without_the_command_the_socket_is_forwarded(no_command: Lab) -> None:
    with opened(no_command.web1) as driver:
        count = len(driver.docker.containers())
        assert count
        with contextlib.closing(driver.docker.events(since=1, timeout_s=1)) as stream:
            assert stream.take(timeout_s=5)
        driver.docker.ping()
    assert not running(no_command.web1, "dial-stdio")


def test_why_the_socket_cannot_be_forwarded(no_command: Lab) -> None:
    with opened(no_command.web2, user="guest") as driver:
        assert fails(driver.docker.containers).code == "docker_denied"
    with opened(no_command.web2, user="deploy", sudo=True) as driver:
        # sudo allows nothing it cannot find.
        assert fails(driver.docker.containers).code == "sudo_refused"
    no_command.web1.configure_sshd(AllowStreamLocalForwarding="no")
    with opened(no_command.web1) as driver:
        error = fails(driver.docker.containers)
        assert (error.code, "forward" in error.message) == ("docker_down", True)


def test_the_local_socket(lab: Lab) -> None:
    socket = str(lab.web1.docker_socket_outside)
    host = LocalHost(LocalTarget("here", socket))
    assert {container.name for container in host.docker.containers()} >= {"legacy"}
    with contextlib.closing(host.docker.events(since=1, timeout_s=1)) as stream:
        assert stream.take(timeout_s=5)
    host.close()


def test_facts(lab: Lab, web1: SshHost) -> None:
    found = read_facts(web1)
    assert found.hostname == "web1"
    assert found.cpus
    assert found.memory_total_bytes
    assert found.disks[0].mount == "/"
    assert found.clock_skew_ms is not None
    assert abs(found.clock_skew_ms) < 1000
    assert found.docker_version.startswith("20.10")
    assert found.docker_root == "/var/lib/docker"
    assert found.containers == len(web1.docker.containers())
    assert found.images
    assert found.docker_images_bytes
    assert found.compose_version.startswith("2.")
    with opened(lab.bare) as driver:
        assert read_facts(driver).docker_version == ""


def test_services(lab: Lab, web1: SshHost) -> None:
    """By the lab's stand-in for systemctl: its hosts have no systemd."""
    services = {service.name: service for service in systemd.list_services(web1)}
    assert services["backup.service"].active == "failed"
    assert services["cron.service"].description == "Regular background program processing daemon"
    before = systemd.read_unit(web1, "cron.service")
    assert web1.run(systemd.restart_argv("cron.service"), sudo=True).exit_code == 0
    after = systemd.wait_active(web1, "cron.service", timeout_s=10)
    assert after["ActiveState"] == "active"
    assert after["ActiveEnterTimestamp"] != before["ActiveEnterTimestamp"]
    assert fails(lambda: systemd.read_unit(web1, "no-such.service")).code in {
        "not_found",
        "command_failed",
    }


def verdicts(host: Host, **changes: Any) -> dict[str, tuple[str, str]]:
    steps = preflight(target_of(host, **changes))
    return {step.name: (step.verdict, step.code) for step in steps}


def test_preflight(lab: Lab) -> None:
    ok = ("ok", "")
    names = ["reach", "key", "login", "shell", "docker", "compose"]
    found = verdicts(lab.web1)
    assert {name: found[name] for name in names} == dict.fromkeys(names, ok)
    assert verdicts(lab.web2, user="deploy", sudo=True)["sudo"] == ok
    guest = verdicts(lab.web2, user="guest")
    assert (guest["docker"], guest["compose"][0]) == (("failed", "docker_denied"), "skipped")
    bare = verdicts(lab.bare)
    assert bare["docker"] == ("failed", "docker_missing")
    assert bare["disk"][0] in {"ok", "warning"}


def test_preflight_of_an_impostor(lab: Lab) -> None:
    before = lab.impostor.auth_attempts()
    found = verdicts(lab.impostor, host_key=lab.web1.host_public_key)
    assert found["key"] == ("failed", "host_key_changed")
    assert {found[name][0] for name in ("login", "shell", "docker", "disk")} == {"skipped"}
    assert lab.impostor.auth_attempts() == before


def test_preflight_of_a_black_hole(lab: Lab) -> None:
    lab.web1.black_hole()
    found = verdicts(lab.web1, connect_timeout_s=0.5)
    assert found["reach"] == ("failed", "unreachable")
    lab.web1.heal()
    assert verdicts(lab.web1)["docker"] == ("ok", "")


def seen(stream: EventStream, name: str) -> bool:
    """Whether an event of this container comes; others may come before it, as of its health."""
    while found := stream.take(timeout_s=20):
        if any(event["Actor"]["Attributes"]["name"] == name for event in found):
            return True
    return False


def test_more_streams_than_one_connection_carries(web1: SshHost, lab: Lab) -> None:
    streams = [web1.docker.events(since=time.time(), timeout_s=30) for _ in range(14)]
    try:
        assert all(stream.answers() for stream in streams)
        assert web1.run(("true",)).exit_code == 0
        name = f"seen-{time.time_ns()}"
        lab.web1.docker("create", "--name", name, BUSYBOX, "true")
        lab.web1.docker("rm", name)
        assert all(seen(stream, name) for stream in streams)
    finally:
        for stream in streams:
            stream.close()
