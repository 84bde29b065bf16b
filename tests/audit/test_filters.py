from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pydantic import ValidationError

from audit import filters
from audit.filters import EntryFilter, actions_of, count
from audit.models import Entry
from audit.record import Actor
from tests.audit.conftest import Put

pytestmark = pytest.mark.django_db
DAY = datetime(2031, 5, 10, tzinfo=UTC)


def found(**given: Any) -> list[int]:
    queryset = EntryFilter.model_validate(given).apply(Entry.objects.all())
    return sorted(queryset.values_list("id", flat=True))


def put_at(put: Put, *moments: datetime) -> None:
    for moment in moments:
        with time_machine.travel(moment, tick=False):
            put()


def test_each_filter(put: Put) -> None:
    put(action="host.test", target_type="host", target_id=1, target_name="alpha")
    put(action="container.stop", target_type="container", target_id=1, target_name="web")
    put(action="host.test", status="failed", actor=Actor(name="bob"), operation_id=9)
    assert found() == [1, 2, 3]
    assert found(action_type="host.test") == [1, 3]
    assert found(target_type="container") == [2]
    assert found(target_type="host", target_id="1") == [1]
    assert found(target_name="web") == [2]
    assert found(status="failed") == [3]
    assert found(actor="alice") == [1, 2]
    assert found(operation=9) == [3]
    assert found(action_type="host.test", actor="alice") == [1]
    assert found(action_type="host.") == found(actor="a\x00") == found(operation=10**30) == []


def test_a_time_range(put: Put) -> None:
    put_at(put, *(DAY + timedelta(hours=12 * half) for half in range(6)))
    assert found(start_date=DAY + timedelta(hours=12)) == [2, 3, 4, 5, 6]
    assert found(end_date=DAY + timedelta(hours=12)) == [1, 2]
    assert found(start_date="2031-05-11", end_date="2031-05-11") == [3, 4]
    assert found(start_date="2031-05-11T12:00:00Z") == [4, 5, 6]
    assert found(start_date="2031-05-11T13:00:00") == [5, 6]
    assert found(start_date="2031-05-11T14:00:00 02:00") == [
        4,
        5,
        6,
    ]  # + as the address line has it
    assert found(start_date="2030-01-01", end_date="2032-01-01") == [1, 2, 3, 4, 5, 6]
    assert found(start_date="2032-01-01") == found(end_date="2030-01-01") == []
    assert found(start_date="0001-01-01", end_date="9999-12-31") == [1, 2, 3, 4, 5, 6]
    assert found(start_date="") == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("zone_limit", [1, 3, 1_000])
def test_a_time_range_with_clocks_that_jump(
    put: Put, zone_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The range of numbers must never hide an entry whose time is out of order."""
    monkeypatch.setattr(filters, "ZONE_LIMIT", zone_limit)
    minutes = [0, 10, 3, 11, 5, 40, 12, 13, 41, 9]
    put_at(put, *(DAY + timedelta(minutes=minute) for minute in minutes))
    for start in range(-1, 43):
        for end in (start, start + 2, start + 9, 43):
            expected = [i for i, minute in enumerate(minutes, 1) if start <= minute <= end]
            window = {
                "start_date": DAY + timedelta(minutes=start),
                "end_date": DAY + timedelta(minutes=end),
            }
            assert found(**window) == expected


def test_a_time_range_is_a_range_of_numbers(put: Put) -> None:
    """Else the time of each entry would be read, also to count them."""
    put_at(put, *(DAY + timedelta(minutes=minute) for minute in range(6)))
    put_at(put, DAY + timedelta(minutes=9), DAY + timedelta(minutes=8))  # a minute back
    window = {"start_date": DAY + timedelta(minutes=2), "end_date": DAY + timedelta(minutes=4)}
    queryset = EntryFilter.model_validate(window).apply(Entry.objects.all())
    assert sorted(queryset.values_list("id", flat=True)) == [3, 4, 5]
    assert "Entry.at" not in str(queryset.query.where)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_date": "yesterday"},
        {"start_date": "2031-13-01"},
        {"end_date": "2031-05-11T99:00"},
        {"status": "fine"},
        {"operation": "nine"},
    ],
)
def test_what_cannot_be_understood_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EntryFilter.model_validate(wrong)


def test_counting_stops_somewhere(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        put()
    monkeypatch.setattr(filters, "COUNT_LIMIT", 3)
    assert count(Entry.objects.all()) == (5, True)  # from the head
    assert count(Entry.objects.filter(action="host.test")) == (3, False)
    assert count(Entry.objects.filter(action="host.test", id__lte=3)) == (3, True)
    assert count(Entry.objects.filter(action="x.y")) == (0, True)
    assert count(Entry.objects.none()) == (0, True)


def test_actions(put: Put) -> None:
    everything = Entry.objects.all()
    assert actions_of(everything) == []
    for action in ("host.test", "auth.login", "host.test", "container.stop"):
        put(action=action)
    assert actions_of(everything) == ["auth.login", "container.stop", "host.test"]
    assert actions_of(Entry.objects.filter(id__gte=2)) == [
        "auth.login",
        "container.stop",
        "host.test",
    ]
    assert actions_of(Entry.objects.filter(id__lte=2)) == ["auth.login", "host.test"]
    assert actions_of(Entry.objects.none()) == []
