from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.notify import claiming
from monitoring.notify.claiming import LEASE, claim, due, failed, forget, give_up, told
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import GATHER, GIVE_UP, queue
from tests.monitoring.notify.conftest import CHANNELS, notice

SECOND = timedelta(seconds=1)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(claiming, "pause_after", lambda attempts: attempts * 10 * SECOND)
    return timezone.now() + GATHER + SECOND


def keys(now: datetime) -> list[int]:
    return [one.key for one in due(now=now)]


def states(**wanted: Any) -> list[tuple[str, int]]:
    return list(Delivery.objects.filter(**wanted).order_by("pk").values_list("state", "attempts"))


def test_a_channel_is_due_once_its_notices_were_gathered(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice())
    assert keys(timezone.now()) == []
    assert keys(now) == [row.pk]


def test_what_comes_within_seconds_is_one_message_in_order(
    channel: CHANNELS, now: datetime
) -> None:
    row = channel()
    for title in ("first", "second", "third"):
        queue(notice(title))
    taken = claim(row.pk, now=now)
    assert taken and [one.title for one in taken.rows] == ["first", "second", "third"]
    told(taken, now=now)
    assert states() == [("sent", 1)] * 3
    assert keys(now) == []


def test_a_channel_is_held_by_one_until_its_lease_ends(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice())
    assert claim(row.pk, now=now) is not None
    assert claim(row.pk, now=now) is None and keys(now) == []
    later = now + LEASE
    assert keys(later) == [row.pk]
    assert claim(row.pk, now=later) is not None


def test_what_fails_is_tried_again_later_and_later(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice())
    for attempts in (1, 2, 3):
        taken = claim(row.pk, now=now)
        assert taken
        failed(taken, "It answered 500.", now=now)
        assert states() == [("failed", attempts)]
        pause = attempts * 10 * SECOND
        assert keys(now + pause - SECOND) == []
        now += pause
        assert keys(now) == [row.pk]
    assert Delivery.objects.get().error == "It answered 500."


def test_older_ones_go_with_the_news_and_success_ends_the_waiting(
    channel: CHANNELS, now: datetime
) -> None:
    row = channel()
    queue(notice("old"))
    taken = claim(row.pk, now=now)
    assert taken
    failed(taken, "no", now=now)
    assert due(now=now + timedelta(hours=1))[0].ailing
    queue(notice("new", kind="resolved"))
    Delivery.objects.filter(title="new").update(next_at=now)
    taken = claim(row.pk, now=now)
    assert taken and [one.title for one in taken.rows] == ["old", "new"]
    told(taken, now=now)
    assert Channel.objects.get().retry_at is None


def test_one_that_is_well_again_tells_the_rest_at_once(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice("old"))
    failed_one = claim(row.pk, now=now)
    assert failed_one
    failed(failed_one, "no", now=now)
    Delivery.objects.create(
        channel=row, key="t", kind="test", severity="info", title="test", created_at=now,
        next_at=now, give_up_at=now + GIVE_UP,
    )  # fmt: skip
    taken = claim(row.pk, now=now)
    assert taken and [one.title for one in taken.rows] == ["test"]  # alone: its answer is shown
    told(taken, now=now)
    again = claim(row.pk, now=now)
    assert again and [one.title for one in again.rows] == ["old"]


def test_a_test_is_tried_once(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice(kind="test"))
    taken = claim(row.pk, now=now)
    assert taken
    failed(taken, "It answered 404.", now=now)
    assert states() == [("given_up", 1)]


def test_after_a_day_it_is_given_up_with_its_last_reason(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice())
    late = now + GIVE_UP - 10 * SECOND
    taken = claim(row.pk, now=late)
    assert taken
    failed(taken, "It answered 500.", now=late)
    gone = Delivery.objects.get()
    assert (gone.state, gone.error, gone.ended_at) == ("given_up", "It answered 500.", late)


def test_what_nobody_could_try_is_given_up_too(channel: CHANNELS, now: datetime) -> None:
    channel()
    queue(notice())
    Channel.objects.update(enabled=False)
    assert keys(now) == [] and give_up(now=now) == 0
    assert give_up(now=now + GIVE_UP) == 1
    assert "Nobody tried in time" in Delivery.objects.get().error
    assert keys(now + GIVE_UP) == []


def test_what_is_under_way_is_not_given_up(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice())
    Delivery.objects.update(give_up_at=now + SECOND)
    taken = claim(row.pk, now=now)
    assert taken and give_up(now=now + 2 * SECOND) == 0
    told(taken, now=now + 2 * SECOND)
    assert states() == [("sent", 1)]


def test_who_lost_the_lease_says_what_was_sent_but_fails_nothing(
    channel: CHANNELS, now: datetime
) -> None:
    row = channel()
    queue(notice())
    slow = claim(row.pk, now=now)
    quick = claim(row.pk, now=now + LEASE)
    assert slow and quick
    failed(slow, "late", now=now + LEASE)
    assert states() == [("waiting", 0)] and claim(row.pk, now=now + LEASE) is None
    told(slow, now=now + LEASE)
    assert states() == [("sent", 1)]
    failed(quick, "refused", now=now + LEASE)  # somebody told it meanwhile
    assert states() == [("sent", 1)] and Channel.objects.get().held_by == ""


def test_what_ended_long_ago_is_forgotten(channel: CHANNELS, now: datetime) -> None:
    row = channel()
    queue(notice("old"))
    taken = claim(row.pk, now=now)
    assert taken
    told(taken, now=now)
    queue(notice("waits"))
    assert forget(before=now) == 0 and forget(before=now + SECOND) == 1
    assert Delivery.objects.get().title == "waits"
