from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audit.models import Entry
from audit.record import Actor
from monitoring.notify import acts
from monitoring.notify.claiming import claim, failed, told
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import queue
from monitoring.notify.wanted import Wanted
from provisioning.engine.errors import BadParams, Conflict, Refused
from sites.models import Host
from tests.monitoring.notify.conftest import CHANNELS, notice

URL = "jsons://robot:s3cret@hooks.example.org/s3cret"


def by(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.username, source="console")


def entry() -> Entry:
    return Entry.objects.latest("id")


def everything_recorded() -> str:
    return str(list(Entry.objects.values()))


def test_a_channel_is_made_and_what_is_recorded_holds_no_secret(admin: User) -> None:
    row = acts.create(Wanted(name="ops", url=URL), actor=by(admin))
    assert (row.kind, row.hint) == ("jsons", "jsons://hooks.example.org/…")
    assert Channel.objects.get().reveal() == URL
    made = entry()
    assert (made.action, made.status, made.target_name) == ("channel.create", "succeeded", "ops")
    assert made.after and made.after["address"] == "new"
    assert "s3cret" not in everything_recorded()


def test_without_an_address_it_stays(admin: User) -> None:
    row = acts.create(Wanted(name="ops", url=URL), actor=by(admin))
    acts.change(row.pk, Wanted(min_severity="info", enabled=False), actor=by(admin))
    row = Channel.objects.get()
    assert (row.reveal(), row.min_severity, row.enabled) == (URL, "info", False)
    before, after = entry().before or {}, entry().after or {}
    assert (before["enabled"], after["enabled"]) == (True, False)
    acts.change(row.pk, Wanted(url="json://127.0.0.1/other"), actor=by(admin))
    row = Channel.objects.get()
    assert (row.reveal(), row.kind) == ("json://127.0.0.1/other", "json")


def test_a_change_does_not_touch_the_lease(admin: User, channel: CHANNELS) -> None:
    row = channel()
    queue(notice())
    Delivery.objects.update(next_at=timezone.now())
    taken = claim(row.pk, now=timezone.now())
    acts.change(row.pk, Wanted(name="other"), actor=by(admin))
    assert taken and Channel.objects.get().held_by == taken.by


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "syslog://s3cret"}, "url"),
        ({"url": "slack://a/b/c?template=s3cret"}, "url"),
        ({}, "url"),
        ({"url": URL, "scope": "host"}, "host"),
        ({"url": URL, "scope": "host", "host": 10**9}, "host"),
        ({"url": URL, "host": 1}, "host"),
        ({"url": URL, "name": "  "}, "name"),
        ({"url": URL, "name": None}, "name"),
    ],
)
def test_what_is_wrong_is_named_on_record_and_without_the_address(
    admin: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadParams) as refused:
        acts.create(Wanted(**{"name": "ops", **given}), actor=by(admin))
    assert refused.value.field == field
    assert "s3cret" not in refused.value.message + everything_recorded()
    assert not Channel.objects.exists() and entry().status == "refused"


def test_a_scope_keeps_only_what_it_is_about(admin: User) -> None:
    host = Host.objects.create(name="web1", address="192.0.2.1")
    wanted = Wanted(name="ops", url=URL, scope="host", host=host.pk)
    row = acts.create(wanted, actor=by(admin))
    assert Channel.objects.get().host == host
    acts.change(row.pk, Wanted(scope="everything"), actor=by(admin))
    assert Channel.objects.get().host is None


def test_two_do_not_share_a_name(admin: User, channel: CHANNELS) -> None:
    channel(name="ops")
    with pytest.raises(Conflict):
        acts.create(Wanted(name="ops", url=URL), actor=by(admin))
    with pytest.raises(Conflict):
        acts.change(channel().pk, Wanted(name="ops"), actor=by(admin))
    assert entry().status == "refused" and Channel.objects.filter(name="ops").count() == 1


def test_nobody_else_may(alice: User, channel: CHANNELS) -> None:
    row = channel()
    queue(notice())
    acts_on_it: list[Any] = [
        lambda: acts.create(Wanted(name="ops", url=URL), actor=by(alice)),
        lambda: acts.change(row.pk, Wanted(name="ops"), actor=by(alice)),
        lambda: acts.remove(row.pk, actor=by(alice)),
        lambda: acts.test(row.pk, actor=by(alice)),
        lambda: acts.try_again(Delivery.objects.get().pk, actor=by(alice)),
    ]
    for count, act in enumerate(acts_on_it, start=1):
        with pytest.raises(Refused):
            act()
        assert Entry.objects.filter(status="refused", actor_name="alice").count() == count
    assert Channel.objects.get().name == row.name and Delivery.objects.count() == 1


def test_a_channel_goes_with_its_deliveries(admin: User, channel: CHANNELS) -> None:
    row = channel(name="ops")
    queue(notice())
    key = row.pk
    acts.remove(row.pk, actor=by(admin))
    assert not Delivery.objects.exists() and not Channel.objects.exists()
    assert (entry().action, entry().target_id) == ("channel.remove", str(key))


def test_a_test_is_due_at_once(admin: User, channel: CHANNELS) -> None:
    row = channel()
    sent = acts.test(row.pk, actor=by(admin))
    taken = claim(row.pk, now=timezone.now())
    assert taken and list(taken.rows) == [sent]
    assert "admin" in sent.body


def test_a_channel_that_is_off_is_not_tested(admin: User, channel: CHANNELS) -> None:
    with pytest.raises(Conflict, match="is off"):
        acts.test(channel(enabled=False).pk, actor=by(admin))
    assert not Delivery.objects.exists() and entry().status == "refused"


def test_what_was_given_up_begins_anew_and_what_was_sent_does_not(
    admin: User, channel: CHANNELS
) -> None:
    row = channel()
    sent = acts.test(row.pk, actor=by(admin))
    taken = claim(row.pk, now=timezone.now())
    assert taken
    failed(taken, "It answered 500.", now=timezone.now())
    sent.refresh_from_db()
    assert sent.state == "given_up"
    assert acts.try_again(sent.pk, actor=by(admin)).state == "waiting"
    taken = claim(row.pk, now=timezone.now())
    assert taken
    told(taken, now=timezone.now())
    with pytest.raises(Conflict, match="sent already"):
        acts.try_again(sent.pk, actor=by(admin))
