"""Docker's slow answers: some each time, in turn."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.usage.docker_stats import DockerStats
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container

NAMES = ("a", "b", "c")


class SlowHost(FakeHost):
    """Each question takes a second of a clock of its own."""

    def __init__(self) -> None:
        super().__init__(containers=[fake_container(name) for name in NAMES])
        self.now_s = 0.0
        for each in self.containers.values():
            self.stats[each.docker_id] = stats(0)

    def note(self, *words: str) -> None:
        self.now_s += 1.0
        super().note(*words)

    def key(self, name: str) -> str:
        return self.containers[name].docker_id


def stats(second: int) -> dict[str, Any]:
    return {
        "read": f"2026-11-28T10:00:{second:02}Z",
        "cpu_stats": {"cpu_usage": {"total_usage": second * 500_000_000}},
    }


@pytest.fixture
def host() -> SlowHost:
    return SlowHost()


@pytest.fixture
def docker(host: SlowHost) -> DockerStats:
    found = DockerStats(host.docker, clock=lambda: host.now_s)
    found.ask_for({host.key(name) for name in NAMES})
    return found


def test_everybody_gets_a_turn(host: SlowHost, docker: DockerStats) -> None:
    asked = []
    for _ in range(3):
        docker.read(for_s=2)
        asked.append([words[2] for words in host.ran])
        host.ran.clear()
    a, b, c = (host.key(name) for name in NAMES)
    assert asked == [[a, b], [c, a], [b, c]]


def test_rates_need_two_answers(host: SlowHost, docker: DockerStats) -> None:
    docker.ask_for({host.key("a")})
    assert docker.read(for_s=1) == {}
    host.stats[host.key("a")] = stats(20)
    assert docker.read(for_s=1) == {host.key("a"): {"cpu_percent": 50}}


def test_who_does_not_answer_is_not_remembered(host: SlowHost, docker: DockerStats) -> None:
    a = host.key("a")
    host.stats[a] |= {"pids_stats": {"current": 3}}
    docker.ask_for({a})
    docker.read(for_s=1)
    assert docker.latest == {a: {"pids": 3}}
    host.fail("stats", DriverError("gone", "not_found"))
    assert docker.read(for_s=1) == {}
    assert docker.latest == {}


def test_a_lost_host_is_an_error(host: SlowHost, docker: DockerStats) -> None:
    host.fail("stats", DriverError("lost", "link_lost"))
    with pytest.raises(DriverError):
        docker.read(for_s=1)
