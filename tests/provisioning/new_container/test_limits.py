"""Limits are changed whole or not at all, and never below what is used."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.parse_limits import Limits, limits_of, update_body
from provisioning.models import Operation
from sites.models import Container
from tests.provisioning.new_container.making import fake
from tests.provisioning.new_container.test_create import killed_at, lease_ends
from tests.provisioning.rows import COMMAND, make_container, make_host

__all__ = ["fake"]
pytestmark = pytest.mark.django_db
MIB = 2**20
BEFORE: dict[str, Any] = {
    "Memory": 64 * MIB, "MemorySwap": 96 * MIB, "NanoCpus": 500_000_000, "PidsLimit": 100,
    "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
}  # fmt: skip


@pytest.fixture
def web(fake: FakeHost) -> Container:
    seen = fake.containers["web"] = fake_container("web")
    fake.configs[seen.docker_id] = {"HostConfig": dict(BEFORE)}
    fake.stats[seen.docker_id] = {
        "memory_stats": {"usage": 20 * MIB, "stats": {"inactive_file": 4 * MIB}},
        "pids_stats": {"current": 7},
    }
    return make_container(make_host(), "web", docker_id=seen.docker_id)


def now(fake: FakeHost) -> dict[str, Any]:
    config: dict[str, Any] = fake.configs[fake.containers["web"].docker_id]["HostConfig"]
    return config


def changed(web: Container, **params: Any) -> Operation:
    row = engine.start("container.limits", web, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


def test_it_says_what_was_before_and_what_is_now(fake: FakeHost, web: Container) -> None:
    row = changed(web, memory_bytes=128 * MIB, cpus=1.5, pids=0, restart="no")
    assert row.message == (
        "web: memory 64 MiB → 128 MiB, CPUs 0.5 → 1.5, processes 100 → without a limit, "
        "restart policy always → no."
    )
    assert (now(fake)["Memory"], now(fake)["MemorySwap"]) == (128 * MIB, 160 * MIB)
    entry = Entry.objects.get(operation_id=row.pk, phase="outcome")
    assert (entry.before or {})["memory_bytes"] == 64 * MIB
    assert (entry.after or {})["pids"] is None


def test_what_is_not_given_stays(fake: FakeHost, web: Container) -> None:
    assert changed(web, pids=50).status == "succeeded"
    assert now(fake) == {**BEFORE, "PidsLimit": 50}


@pytest.mark.parametrize(
    ("given", "field"),
    [({"memory_bytes": 16 * MIB}, "memory_bytes"), ({"pids": 6}, "pids")],
)
def test_below_what_is_used_it_is_refused(
    given: dict[str, int], field: str, fake: FakeHost, web: Container
) -> None:
    row = changed(web, **given)
    assert (row.status, row.error_code) == ("failed", "below_use")
    assert now(fake) == BEFORE


def test_one_that_does_not_run_uses_nothing(fake: FakeHost, web: Container) -> None:
    fake.fake_docker.stop("web", grace_s=1)
    assert changed(web, memory_bytes=16 * MIB).status == "succeeded"


@pytest.mark.parametrize(
    "given",
    [{"memory_bytes": 6 * MIB - 1}, {"cpus": 0}, {"pids": -1}, {"restart": "x"}, {"swap": 1}],
    ids=str,
)
def test_what_the_engine_never_takes_is_refused_at_once(
    given: dict[str, Any], web: Container
) -> None:
    with pytest.raises(engine.EngineError):
        engine.start("container.limits", web, actor=COMMAND, params=given)
    assert not Operation.objects.exists()


def test_nothing_to_change_is_nothing_done(fake: FakeHost, web: Container) -> None:
    assert changed(web).error_code == "bad_params"
    assert now(fake) == BEFORE


def test_what_is_so_already_is_not_asked_for(fake: FakeHost, web: Container) -> None:
    row = changed(web, memory_bytes=64 * MIB)
    assert row.message == "web: nothing had to be changed."
    assert not [words for words in fake.ran if words[1] == "update_container"]


def test_a_half_is_put_back(
    fake: FakeHost, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that takes some of it and then fails."""
    docker = fake.fake_docker
    whole = type(docker).update_container
    halves = [{"Memory": 128 * MIB, "MemorySwap": 160 * MIB}]

    def half(docker_id: str, changes: dict[str, Any]) -> None:
        if halves:
            whole(docker, docker_id, halves.pop())
            raise DriverError("web1: the connection broke", "link_lost")
        whole(docker, docker_id, changes)

    monkeypatch.setattr(docker, "update_container", half)
    row = changed(web, memory_bytes=128 * MIB, pids=50)
    assert (row.status, row.error_code) == ("undone", "link_lost")
    assert row.message.endswith("web has the limits it had.")
    assert now(fake) == BEFORE


def test_a_limit_that_cannot_be_taken_off_again_is_said(
    fake: FakeHost, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    now(fake)["Memory"] = now(fake)["MemorySwap"] = 0
    docker = fake.fake_docker
    whole = type(docker).update_container

    def half(docker_id: str, changes: dict[str, Any]) -> None:
        whole(docker, docker_id, {"Memory": 128 * MIB})
        raise DriverError("web1: the connection broke", "link_lost")

    monkeypatch.setattr(docker, "update_container", half)
    row = changed(web, memory_bytes=128 * MIB, pids=50)
    assert row.status == "failed"
    assert "cannot take off the new limit of memory" in row.message


@pytest.mark.parametrize("place", ["Look/after", "Change/before", "Change/after", "Check/before"])
def test_a_killed_worker_s_successor_ends_it(
    place: str, fake: FakeHost, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = engine.start("container.limits", web, actor=COMMAND, params={"pids": 50})
    with monkeypatch.context() as patched:
        killed = killed_at(patched, place)
        with pytest.raises(killed):
            engine.run(row.pk)
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.message) == ("succeeded", "web: processes 100 → 50.")
    assert sum(words[1] == "update_container" for words in fake.ran) == 1


@pytest.mark.parametrize(
    ("config", "limits"),
    [
        ({}, Limits()),
        ({"Memory": 0, "NanoCpus": 0, "PidsLimit": -1}, Limits()),
        ({"CpuQuota": 50_000}, Limits(cpus=0.5)),
        ({"CpuQuota": 50_000, "CpuPeriod": 50_000}, Limits(cpus=1.0)),
        ({"CpuQuota": -1, "MemorySwap": -1}, Limits()),
        ({"Memory": "64m", "PidsLimit": True, "RestartPolicy": "always"}, Limits()),
        ({"RestartPolicy": {"Name": "on-failure"}}, Limits(restart="on-failure")),
    ],
    ids=str,
)
def test_reading_them(config: dict[str, Any], limits: Limits) -> None:
    assert limits_of({"HostConfig": config}) == limits
    assert limits_of({"HostConfig": [config]}) == Limits()


@pytest.mark.parametrize(
    ("config", "given", "body"),
    [
        ({}, {"memory_bytes": 10}, {"Memory": 10, "MemorySwap": 20}),
        ({"MemorySwap": -1}, {"memory_bytes": 10}, {"Memory": 10, "MemorySwap": -1}),
        ({"Memory": 5, "MemorySwap": 5}, {"memory_bytes": 10}, {"Memory": 10, "MemorySwap": 10}),
        ({}, {"cpus": 0.5}, {"NanoCpus": 500_000_000}),
        ({"CpuQuota": 1}, {"cpus": 0.5}, {"CpuPeriod": 100_000, "CpuQuota": 50_000}),
        ({}, {"pids": 0}, {"PidsLimit": 0}),
        ({}, {"restart": "no"}, {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
        ({}, {}, {}),
    ],
    ids=str,
)
def test_what_docker_is_asked_for(
    config: dict[str, Any], given: dict[str, Any], body: dict[str, Any]
) -> None:
    assert update_body({"HostConfig": config}, **given) == body
