from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings

from audit import copy, retention
from audit.chain import verify
from audit.models import Entry, Head
from audit.record import Actor
from audit.retention import RetentionError, cleanup
from tests.audit.conftest import Put

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 6, 1, 12, tzinfo=UTC)
ADMIN = Actor(user_id=1, name="admin", source="api")


@pytest.fixture(autouse=True)
def one_a_day(put: Put) -> None:
    """Entry 1 is 10 days old, entry 10 one day."""
    for number in range(10):
        with time_machine.travel(NOW - timedelta(days=10 - number), tick=False):
            put(target_id=number)


def run(**given: int) -> int:
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        return cleanup(actor=ADMIN, **given)


def test_what_is_older_goes_and_that_is_on_record() -> None:
    last_deleted = Entry.objects.get(id=6)
    assert run(older_than_days=5) == 6
    kept = list(Entry.objects.order_by("id"))
    assert [entry.id for entry in kept] == [7, 8, 9, 10, 11]
    assert (kept[-1].action, kept[-1].actor_name, kept[-1].after) == (
        "audit.cleanup",
        "admin",
        {
            "deleted": 6,
            "older_than_days": 5,
            "first_deleted_id": 1,
            "last_deleted_id": 6,
            "first_kept_id": 7,
            "floor_hash": last_deleted.hash,
        },
    )
    head = Head.objects.get()
    assert (head.floor, head.floor_hash, head.seq) == (7, last_deleted.hash, 11)
    assert verify().ok


def test_the_retention_of_the_settings(settings: Settings) -> None:
    settings.AUDIT_RETENTION_DAYS = 8
    assert run() == 3


def test_with_nothing_to_delete_nothing_is_recorded() -> None:
    assert run(older_than_days=30) == 0
    assert Entry.objects.count() == 10


@pytest.mark.parametrize("days", [0, -1])
def test_today_cannot_be_deleted(days: int) -> None:
    with pytest.raises(RetentionError, match="at least one day"):
        run(older_than_days=days)
    assert Entry.objects.count() == 10


def test_again_and_again() -> None:
    assert [run(older_than_days=days) for days in (9, 9, 7, 1)] == [2, 0, 2, 6]
    assert verify().ok
    assert verify().checked == 3


def test_in_slices_each_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE", 4)
    assert run(older_than_days=1) == 10
    recorded = Entry.objects.order_by("id").values_list("after__first_kept_id", flat=True)
    assert list(recorded) == [5, 9, 11]
    assert verify().ok


def test_a_clock_that_ran_ahead_keeps_too_much_rather_than_too_little(put: Put) -> None:
    with time_machine.travel(NOW - timedelta(days=20)):
        put()  # 11 is older than all before it: nothing goes because of that
    assert run(older_than_days=5) == 6
    assert verify().ok


def test_the_copy_keeps_what_the_database_deletes() -> None:
    for path in copy.files():
        path.unlink()
    run(older_than_days=5)
    assert [mark.id for mark in copy.marks()] == [*range(1, 11)]


def test_a_copy_that_fails_does_not_stop_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copy, "sync", fail)
    assert run(older_than_days=5) == 6
    assert "No space left" in caplog.text
