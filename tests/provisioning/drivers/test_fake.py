from __future__ import annotations

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.host import HostDriver


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(containers=[fake_container("web"), fake_container("job", state="exited")])


def test_is_a_driver(host: FakeHost) -> None:
    driver: HostDriver = host
    assert driver.run(("true",)).exit_code == 0
    assert [container.name for container in driver.docker.containers()] == ["web", "job"]


def test_remembers_what_ran(host: FakeHost) -> None:
    host.run(("systemctl", "restart", "x"), sudo=True, stdin=b"in")
    host.docker.restart("web", grace_s=7)
    assert host.ran == [
        ("sudo", "systemctl", "restart", "x"),
        ("docker", "restart", "web", "7"),
    ]
    assert host.stdin == [b"in"]


def test_the_longest_and_latest_rule_answers(host: FakeHost) -> None:
    host.answer("df", stdout="any")
    host.answer("df", "-k", stdout="kilo")
    host.answer("df", stdout="later")
    assert host.run(("df", "-k", "/")).stdout == "kilo"
    assert host.run(("df",)).stdout == "later"
    host.answer_by("df", answer=DriverError("gone", "link_lost"))
    with pytest.raises(DriverError):
        host.run(("df",))


def test_failures_are_used_up(host: FakeHost) -> None:
    host.fail("restart", DriverError("no", "docker_down"))
    with pytest.raises(DriverError):
        host.docker.restart("web", grace_s=1)
    host.docker.restart("web", grace_s=1)


def test_containers_change_as_docker_changes_them(host: FakeHost) -> None:
    docker = host.docker
    docker.stop("web", grace_s=1)
    assert docker.container("web").state == "exited"
    docker.start("web")
    docker.pause("web")
    assert docker.container("web").state == "paused"
    docker.unpause("web")
    docker.kill("web", signal="SIGKILL")
    assert docker.container("web").exit_code == 137
    docker.remove("web", force=False)
    with pytest.raises(DriverError) as caught:
        docker.container("web")
    assert caught.value.code == "not_found"


def test_docker_refuses_what_it_would_refuse(host: FakeHost) -> None:
    for act in (host.docker.pause, host.docker.unpause):
        with pytest.raises(DriverError) as caught:
            act("job")
        assert caught.value.code == "conflict"
    with pytest.raises(DriverError):
        host.docker.kill("job", signal="SIGTERM")
    with pytest.raises(DriverError):
        host.docker.remove("web", force=False)


def test_events_tell_what_happened(host: FakeHost) -> None:
    stream = host.docker.events(since=0, timeout_s=0.01)
    host.docker.restart("web", grace_s=1)
    events = iter(stream)
    actions = [event["Action"] for event in (next(events) for _ in range(4)) if event]
    assert actions == ["die", "stop", "start", "restart"]
    assert next(events) is None
    stream.close()
    assert list(events) == []
