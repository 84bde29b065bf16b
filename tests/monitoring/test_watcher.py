"""A watcher on a host in memory: what its rows say, and what is told, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from monitoring import inspections
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from sites.models import Container, Host, Site
from sites.schemas import container_out
from tests.monitoring.conftest import WATCHES
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)

DOWN = DriverError("web1: Docker does not answer", "docker_down")
SOON_S = 0.05


def new_host(**values: Any) -> Host:
    return make_host(**{"state": "new", "inventory_at": None, **values})


def states() -> dict[str, str]:
    return dict(Container.objects.values_list("name", "state"))


def live_states() -> set[str]:
    """What clients are shown."""
    return {container_out(row)["state"] for row in Container.objects.select_related("host", "site")}


def host() -> Host:
    return Host.objects.get()


def calls(fake: FakeHost, call: str) -> int:
    return sum(words[:2] == ("docker", call) for words in fake.ran)


def is_watched(fake: FakeHost) -> bool:
    """The first read is over and the watcher waits for events."""
    return host().inventory_at is not None and bool(fake.fake_docker.streams)


def test_the_first_read_makes_rows_and_projects(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host())
    until(lambda: host().state == "reachable")
    assert states() == {"shop-web-1": "running", "shop-db-1": "running", "legacy": "running"}
    assert Site.objects.get().project == "shop"
    assert Container.objects.get(name="shop-web-1").site == Site.objects.get()
    assert Container.objects.get(name="legacy").site is None
    assert live_states() == {"running"}


def test_an_event_changes_the_row_at_once(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host())
    until(lambda: is_watched(fake))
    fake.docker.stop("legacy", grace_s=1)
    until(lambda: states()["legacy"] == "exited")
    told = Container.objects.get(name="legacy")
    assert (told.exit_code, told.source) == (137, "event")
    until(lambda: Container.objects.get(name="legacy").finished_at is not None)
    row = Container.objects.get(name="legacy")
    assert (row.exit_code, row.source, row.state) == (137, "event", "exited")
    assert row.state_since == row.finished_at == fake.containers["legacy"].finished_at


def test_what_has_just_ended_holds_up_nobody(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Engine answers for a container that is ending only when it has cleaned up."""
    watch(new_host())
    until(lambda: is_watched(fake))
    cleaned_up = threading.Event()
    look = fake.fake_docker.container

    def slow(docker_id: str) -> Any:
        if docker_id == fake.containers["legacy"].docker_id:
            cleaned_up.wait(30)
        return look(docker_id)

    monkeypatch.setattr(fake.fake_docker, "container", slow)
    fake.docker.stop("legacy", grace_s=1)
    fake.docker.pause("shop-web-1")
    until(lambda: (states()["legacy"], states()["shop-web-1"]) == ("exited", "paused"))
    cleaned_up.set()


def test_a_burst_of_events_costs_one_look_at_each_container(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = fake.fake_docker.containers

    def listing_in_a_storm() -> Any:
        for _ in range(50):
            fake.fake_docker.emit("exec_start: true", fake.containers["shop-db-1"])
            fake.fake_docker.emit("health_status: healthy", fake.containers["shop-web-1"])
        return listing()

    monkeypatch.setattr(fake.fake_docker, "containers", listing_in_a_storm)
    watch(new_host())
    until(lambda: is_watched(fake))
    fake.docker.stop("legacy", grace_s=1)
    until(lambda: Container.objects.get(name="legacy").finished_at is not None)
    assert calls(fake, "container") == 3 + 1 + 1


def test_a_removed_container_goes_with_its_event(
    fake: FakeHost, watch: WATCHES, published: list[dict[str, Any]]
) -> None:
    watch(new_host())
    until(lambda: is_watched(fake))
    key = Container.objects.get(name="legacy").pk
    fake.docker.remove("legacy", force=True)
    until(lambda: "legacy" not in states())
    until(lambda: any(message.get("removed") == [key] for message in published))


def test_a_read_finds_what_no_event_told(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    ended = replace(fake.containers["legacy"], state="exited", exit_code=3)
    fake.containers = {
        "legacy": ended,
        "blog-web-1": fake_container("blog-web-1", labels={"com.docker.compose.project": "blog"}),
    }
    until(lambda: states() == {"legacy": "exited", "blog-web-1": "running"})
    until(lambda: [site.project for site in Site.objects.all()] == ["blog"])
    row = Container.objects.get(name="legacy")
    assert (row.exit_code, row.source) == (3, "read")


def test_the_project_goes_after_its_last_container(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.docker.remove("shop-web-1", force=True)
    fake.docker.remove("shop-db-1", force=True)
    until(lambda: not Site.objects.exists())


def test_in_time_a_read_finds_what_the_listing_does_not_show(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspections, "HEALS_WITHIN_S", 0.3)
    listing = fake.fake_docker.containers
    short = lambda: [replace(each, restart_count=0) for each in listing()]  # noqa: E731
    monkeypatch.setattr(fake.fake_docker, "containers", short)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.containers["legacy"] = replace(fake.containers["legacy"], restart_count=7)
    until(lambda: Container.objects.get(name="legacy").restart_count == 7)


def test_many_containers_are_there_before_all_are_inspected(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspections, "AT_ONCE", 4)
    many = [fake_container(f"c{number}", restart_count=1) for number in range(30)]
    fake.containers = {each.name: each for each in many}
    watch(new_host())
    until(lambda: len(states()) == 30)
    until(lambda: calls(fake, "container") == 30)
    until(lambda: Container.objects.filter(restart_count=1).count() == 30)


def test_somebody_elses_wrong_verdict_is_corrected(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Host.objects.update(state="unreachable", error_code="timeout")
    until(lambda: host().state == "reachable" and host().error_code == "")


def test_somebody_elses_wrong_row_is_corrected_in_full(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Container.objects.filter(name="legacy").update(state="exited", restart_count=9)
    until(lambda: Container.objects.get(name="legacy").restart_count == 0)
    assert states()["legacy"] == "running"


@pytest.mark.parametrize("code", ["garbage", "output_too_large", "docker_error", "timeout"])
def test_one_container_that_cannot_be_read_is_remarked(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(inspections, "_AVOIDED_S", 0.3)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    look = fake.fake_docker.container
    broken = fake.containers["shop-db-1"].docker_id

    def partly(docker_id: str) -> Any:
        if docker_id == broken:
            raise DriverError("web1: the answer for shop-db-1 could not be read", code)
        return look(docker_id)

    with monkeypatch.context() as patch:
        patch.setattr(fake.fake_docker, "container", partly)
        for name in ("legacy", "shop-db-1"):
            fake.containers[name] = replace(fake.containers[name], state="exited", exit_code=1)
        until(lambda: host().error_code == code)
        assert host().state == "reachable"
        until(
            lambda: states() == {"legacy": "exited", "shop-db-1": "exited", "shop-web-1": "running"}
        )
    until(lambda: host().error_code == "")
