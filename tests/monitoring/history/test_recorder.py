"""History in the database, by a clock that the test turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.history import reading, writing
from monitoring.history.levels import DAY_S, HOUR_S, LEVELS, YEAR_S, level_for
from monitoring.history.packing import unpacked
from monitoring.history.recorder import Recorder
from monitoring.history.summaries import Summary
from monitoring.metrics import SeriesKey
from monitoring.models import Point, Series
from sites.models import Container, Host
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db

START_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
T = TypeVar("T")


class Clock:
    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s


def here(work: Callable[[], T]) -> T:
    """A database without threads."""
    return work()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(clock: Clock) -> Recorder:
    return Recorder(database=here, clock=clock)


@pytest.fixture
def container() -> Container:
    return make_container(make_host())


def key_of(container: Container) -> SeriesKey:
    return SeriesKey("container", container.host_id, container.pk)


def use(recorder: Recorder, clock: Clock, key: SeriesKey, *, for_s: int, every_s: int = 60) -> None:
    """Readings every so many seconds; the value is the number of the minute within its hour."""
    for _ in range(for_s // every_s):
        value = clock.now_s % HOUR_S // 60
        recorder.add({key: {"cpu_percent": value, "pids": 1.0}}, source="cgroup")
        clock.now_s += every_s


def kept(level: int) -> int:
    return Point.objects.filter(level=level).count()


def read(container: Container, range_s: int, clock: Clock) -> dict[str, list[float | None]]:
    level = level_for(clock.now_s - range_s, clock.now_s, now_s=clock.now_s)
    wanted = reading.range_of(level, clock.now_s - range_s, clock.now_s, now_s=clock.now_s)
    rows = list(Series.objects.filter(container=container))
    found = reading.points(rows, wanted).get(rows[0].pk, {})
    return reading.columns(found, ["cpu_percent"], wanted)["cpu_percent"]


def test_a_minute_is_written_when_it_has_ended(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    use(recorder, clock, key_of(container), for_s=50, every_s=10)
    recorder.write()
    assert kept(0) == 0
    clock.now_s += 10
    recorder.write()
    recorder.write()
    assert kept(0) == 1
    assert Point.objects.get().at.timestamp() == START_S


def test_minutes_become_steps(recorder: Recorder, clock: Clock, container: Container) -> None:
    use(recorder, clock, key_of(container), for_s=HOUR_S)
    recorder.write()
    assert (kept(0), kept(1), kept(2), kept(3)) == (60, 6, 3, 0)
    second = Point.objects.filter(level=1).order_by("at")[1]
    summed = unpacked("container", bytes(second.data))
    assert summed.values["cpu_percent"] == Summary(10, 14.5, 19)
    assert summed.minutes == 10


def test_another_monitor_goes_on_where_one_ended(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    use(recorder, clock, key_of(container), for_s=25 * 60)
    recorder.write()
    assert kept(1) == 2
    clock.now_s += 5 * HOUR_S
    other = Recorder(database=here, clock=clock)
    use(other, clock, key_of(container), for_s=60)
    other.write()
    assert kept(1) == 3  # the one that had begun
    assert kept(2) == 2


def test_a_time_nobody_measured_is_a_gap(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    use(recorder, clock, key_of(container), for_s=5 * 60)
    clock.now_s += 10 * 60
    use(recorder, clock, key_of(container), for_s=5 * 60)
    recorder.write()
    values = read(container, 20 * 60, clock)["avg"]
    assert [value is not None for value in values] == [True] * 5 + [False] * 10 + [True] * 5


def test_a_clock_that_is_set_back_changes_nothing_that_was_written(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    use(recorder, clock, key_of(container), for_s=30 * 60)
    recorder.write()
    before = list(Point.objects.order_by("pk").values_list("at", "level", "data"))
    clock.now_s -= 20 * 60
    recorder.add({key_of(container): {"cpu_percent": 1e6}}, source="cgroup")
    clock.now_s += 60
    recorder.write()
    assert list(Point.objects.order_by("pk").values_list("at", "level", "data")) == before


def test_what_was_removed_takes_its_history_along(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    key, host = key_of(container), container.host_id
    use(recorder, clock, key, for_s=60)
    recorder.write()
    Container.objects.all().delete()
    assert (Series.objects.count(), Point.objects.count()) == (0, 0)
    use(recorder, clock, key, for_s=60)
    use(recorder, clock, SeriesKey("host", host), for_s=60)
    recorder.write()
    assert Series.objects.get().kind == "host"
    Host.objects.all().delete()
    use(recorder, clock, SeriesKey("host", host), for_s=60)
    recorder.write()
    assert (Series.objects.count(), Point.objects.count()) == (0, 0)


def test_a_minute_of_many_takes_as_many_statements_as_one(clock: Clock) -> None:
    host = make_host()
    containers = [make_container(host, f"c{number:02}") for number in range(40)]

    def statements(some: list[Container]) -> int:
        recorder = Recorder(database=here, clock=clock)
        for container in some:
            recorder.add({key_of(container): {"pids": 1.0}}, source="cgroup")
        clock.now_s += 60
        with CaptureQueriesContext(
            connection,
        ) as captured:
            recorder.write()
        return len(captured)

    statements(containers)
    assert statements(containers) == statements(containers[:1])


def test_a_host_cannot_fill_the_database_with_mounts(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    for minute in range(3):
        for number in range(30):
            key = SeriesKey("disk", container.host_id, mount=f"/{minute}/{number}")
            recorder.add({key: {"used_bytes": 1.0}}, source="cgroup")
        clock.now_s += 60
        recorder.write()
    assert Series.objects.count() == writing.MOST_DISKS


def a_year(recorder: Recorder, clock: Clock, key: SeriesKey) -> None:
    """Readings become denser as the end comes near: as dense as each level needs them there."""
    for _ in range(121):
        use(recorder, clock, key, for_s=3 * DAY_S, every_s=2 * HOUR_S)
        recorder.write()
    for every_s, for_s in ((1200, DAY_S), (600, 22 * HOUR_S)):
        use(recorder, clock, key, for_s=for_s, every_s=every_s)
        recorder.write()
    for _ in range(12):
        use(recorder, clock, key, for_s=600)
        recorder.write()


def test_24_months_keep_their_size_and_are_read_as_fast_as_an_hour(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    a_year(recorder, clock, key_of(container))
    sizes = Counter(Point.objects.values_list("level", flat=True))
    a_year(recorder, clock, key_of(container))
    assert Counter(Point.objects.values_list("level", flat=True)) == sizes
    assert {level.number: level.points for level in LEVELS} == pytest.approx(sizes, abs=1)
    lengths = {}
    for range_s in (HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S, YEAR_S):
        with CaptureQueriesContext(connection) as captured:
            values = read(container, range_s, clock)["avg"]
        assert len(captured) == 2
        assert None not in values
        lengths[range_s] = len(values)
    assert max(lengths.values()) <= 4 * lengths[HOUR_S]


def test_what_nobody_writes_any_more_is_pruned_as_well(
    recorder: Recorder, clock: Clock, container: Container
) -> None:
    use(recorder, clock, key_of(container), for_s=HOUR_S)
    recorder.write()
    writing.prune(now_s=clock.now_s + 2 * DAY_S)
    assert (kept(0), kept(1), kept(2)) == (0, 0, 0)
