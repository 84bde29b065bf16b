"""From a host in memory to readings by series, and to history, with watchers in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from django.utils import timezone

from monitoring.database import DatabaseThreads
from monitoring.history.levels import LEVELS
from monitoring.metrics import SeriesKey
from monitoring.models import Point, Series
from monitoring.usage.sampling import Sampling
from monitoring.usage.usage import Usage
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from sites.models import Container, Host, Site
from tests.monitoring.conftest import WATCHES, NoUsage
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db(transaction=True)
SOON_S = 0.25


class Sink:
    """Remembers what it was told, the latest of each series."""

    def __init__(self) -> None:
        self.latest: dict[SeriesKey, Mapping[str, float]] = {}
        self.sources: dict[SeriesKey, str] = {}
        self.weights: list[float] = []
        self.count = 0

    def __call__(
        self, readings: Mapping[SeriesKey, Mapping[str, float]], *, source: str, weight_s: float
    ) -> None:
        self.weights.append(weight_s)
        self.latest |= readings
        self.sources |= dict.fromkeys(readings, source)
        self.count += 1


class Machine(FakeHost):
    """A host whose containers use a tenth of a core each, and a megabyte."""

    hidden: frozenset[str] = frozenset()

    def __init__(self, *names: str) -> None:
        super().__init__(containers=[fake_container(name) for name in names])
        self.program = self.answer_line
        self.asked: list[bytes] = []
        self.failing = False
        self.seen: dict[str, None] = {}

    def answer_line(self, line: bytes) -> bytes:
        self.asked.append(line)
        now_s = time.monotonic()
        if line == b"look\n":
            self.seen = dict.fromkeys(each.docker_id for each in self.containers.values())
        shown = [key for key in self.seen if key not in self.hidden]
        lines = [f"c {key} 1 {now_s * 1e5:.0f} 1000000 0 max 1 2 3 4 5" for key in shown]
        head = f"t 2 {now_s:.2f}\nl 1 2 3\np 2 0 0 0 {now_s * 200:.0f} 0 0 0 0\nm 9000 5000 0 0\n"
        return "\n".join([head, *lines, f". {int(self.failing)}\n"]).encode()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def database() -> Iterator[DatabaseThreads]:
    """A sampling's own thread must leave no connection behind."""
    threads = DatabaseThreads()
    yield threads
    threads.close()


@pytest.fixture
def start(sink: Sink, database: DatabaseThreads) -> Iterator[Callable[..., Sampling]]:
    begun: list[Sampling] = []

    def begin(host: Host, driver: FakeHost) -> Sampling:
        sampling = Sampling(
            host.pk, driver, database=database, sink=sink, interval_s=lambda: SOON_S
        )
        begun.append(sampling)
        sampling.start()
        return sampling

    yield begin
    for sampling in begun:
        sampling.close()
    for sampling in begun:
        sampling.join(5)


def rows(machine: Machine, *, site: Site | None = None) -> Host:
    host = make_host()
    for name, state in machine.containers.items():
        make_container(host, name, docker_id=state.docker_id, site=site)
    return host


def key_of(name: str) -> SeriesKey:
    row = Container.objects.get(name=name)
    return SeriesKey("container", row.host_id, row.pk)


def cpu(sink: Sink, key: SeriesKey) -> float | None:
    return sink.latest.get(key, {}).get("cpu_percent")


def test_containers_sites_and_the_host(sink: Sink, start: Callable[..., Sampling]) -> None:
    machine = Machine("a", "b")
    host = rows(machine)
    site = Site.objects.create(host=host, name="shop", project="shop")
    Container.objects.update(site=site)
    start(host, machine)
    site_key = SeriesKey("site", host.pk, site.pk)
    until(lambda: cpu(sink, site_key) is not None)
    assert cpu(sink, key_of("a")) == pytest.approx(10, rel=0.2)
    assert cpu(sink, site_key) == pytest.approx(20, rel=0.2)
    assert sink.latest[site_key]["memory_bytes"] == 2_000_000
    assert sink.latest[SeriesKey("host", host.pk)]["memory_bytes"] == 4000 * 1024
    assert set(sink.sources.values()) == {"cgroup"}


def test_who_has_come_is_looked_for_when_somebody_tells(
    sink: Sink, start: Callable[..., Sampling]
) -> None:
    machine = Machine("a")
    host = rows(machine)
    sampling = start(host, machine)
    until(lambda: sink.count > 2)
    machine.containers["b"] = fake_container("b")
    make_container(host, "b", docker_id=machine.containers["b"].docker_id)
    sampling.look_soon()
    until(lambda: key_of("b") in sink.latest)
    assert machine.asked.count(b"look\n") == 2


def test_what_cgroups_do_not_show_docker_is_asked(
    sink: Sink, start: Callable[..., Sampling]
) -> None:
    machine = Machine("a", "b")
    machine.hidden = frozenset({machine.containers["b"].docker_id})
    machine.stats[machine.containers["b"].docker_id] = {
        "read": "2026-11-28T10:00:00Z",
        "pids_stats": {"current": 7},
    }
    start(rows(machine), machine)
    until(lambda: key_of("b") in sink.latest)
    assert sink.latest[key_of("b")] == {"pids": 7}
    assert (sink.sources[key_of("a")], sink.sources[key_of("b")]) == ("cgroup", "docker")


def test_a_host_that_cannot_run_the_program_is_asked_by_docker(
    sink: Sink, start: Callable[..., Sampling]
) -> None:
    machine = Machine("a")
    machine.failing = True
    machine.stats[machine.containers["a"].docker_id] = {
        "read": "2026-11-28T10:00:00Z",
        "pids_stats": {"current": 7},
    }
    host = rows(machine)
    start(host, machine)
    until(lambda: key_of("a") in sink.latest)
    assert set(sink.latest) == {key_of("a")}


def test_a_channel_that_ends_is_opened_again(sink: Sink, start: Callable[..., Sampling]) -> None:
    machine = Machine("a")
    start(rows(machine), machine)
    until(lambda: sink.count > 1)
    machine.programs[0].close()
    until(lambda: len(machine.programs) == 2)
    before = sink.count
    until(lambda: sink.count > before)


def test_nothing_is_told_once_it_is_closed(sink: Sink, start: Callable[..., Sampling]) -> None:
    machine = Machine("a")
    sampling = start(rows(machine), machine)
    until(lambda: sink.count > 1)
    sampling.close()
    sampling.join(5)
    until(lambda: machine.programs[0].closed)
    assert len(machine.programs) == 1


def test_a_hurry_ends_a_long_wait(sink: Sink, database: DatabaseThreads) -> None:
    machine, interval = Machine("a"), {"s": 3600.0}
    sampling = Sampling(
        rows(machine).pk, machine, database=database, sink=sink, interval_s=lambda: interval["s"]
    )
    sampling.start()
    until(lambda: sink.count > 0)
    before = sink.count
    interval["s"] = SOON_S
    sampling.hurry()
    until(lambda: sink.count > before)
    # what was used since the slow sample is known: no gap, whatever the new pace would call one
    assert cpu(sink, key_of("a")) == pytest.approx(10, rel=0.2)
    assert sink.weights[0] == 3600.0 > max(sink.weights[before:])
    sampling.close()
    sampling.join(5)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_each_minute_becomes_history_once(database: DatabaseThreads) -> None:
    machine, clock = Machine("a"), Clock()
    host = rows(machine)
    usage = Usage(database=database, interval_s=SOON_S, clock=clock)
    sampling = usage.begin(host.pk, machine)
    until(lambda: len(machine.asked) > 3)
    usage.turn()
    assert Point.objects.count() == 0
    clock.now_s += 63
    usage.turn()
    usage.turn()
    assert Point.objects.filter(level=0).count() == 2
    assert set(Series.objects.values_list("kind", flat=True)) == {"container", "host"}
    sampling.close()
    usage.close()
    clock.now_s += 60
    usage.turn()
    clock.now_s += 600
    usage.turn()
    newest = Point.objects.filter(level=0).latest("at").at.timestamp()
    assert newest <= LEVELS[0].begin(clock.now_s) - 660  # gone: a gap, no flat line


def test_disks_are_as_the_facts_say(database: DatabaseThreads) -> None:
    machine, clock = Machine("a"), Clock()
    host = rows(machine)
    disks = [{"mount": "/", "used_bytes": 5, "total_bytes": 10, "available_bytes": 5}]
    Host.objects.update(facts={"disks": disks}, facts_at=timezone.now())
    usage = Usage(database=database, interval_s=SOON_S, clock=clock)
    usage.begin(host.pk, machine)
    for _ in range(2):
        clock.now_s += 63
        usage.turn()
    usage.close()
    assert Series.objects.get(kind="disk").mount == "/"


def test_a_watcher_begins_with_its_first_read_and_ends_with_the_connection(
    fake: FakeHost, watch: WATCHES
) -> None:
    usage = NoUsage()
    watch(make_host(state="new", inventory_at=None), usage=usage)
    until(lambda: usage.told == ["begun"])
    fake.docker.stop("legacy", grace_s=1)
    until(lambda: "look" in usage.told)
    fake.fake_docker.streams[0].pending.put(DriverError("web1: gone", "unreachable"))
    until(lambda: usage.told[-1] == "ended" or "ended" in usage.told)
    until(lambda: usage.told.count("begun") == 2)
