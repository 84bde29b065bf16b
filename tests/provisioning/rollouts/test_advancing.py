"""From wave to wave: on only while all is well, and every site at most once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audit.models import Entry
from audit.record import Actor
from provisioning import engine
from provisioning.engine import Refused
from provisioning.engine.errors import Conflict
from provisioning.models import Operation, Rollout
from provisioning.rollouts import acts, advancing
from provisioning.rollouts.advancing import BUSY_FOR, NOT_REACHED, advance, advance_all
from sites.models import Grant, Site
from tests.provisioning.rollouts.rows import end, rolled, stands, under_way
from tests.provisioning.rows import COMMAND, make_container
from tests.provisioning.site_rows import make_release


def told(row: Rollout) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.message


def test_wave_after_wave_to_the_end(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, wave_size=2)
    for wave in (["a"], ["b", "c"], ["d", "e"]):
        assert under_way() == wave
        for site in five:
            if site.name in wave:
                advance(row.pk)
                assert site.name in under_way(), "nothing goes on before all of a wave have ended"
                end(site)
        advance_all()
    assert told(row) == ("done", "Done.")
    assert row.ended_at is not None
    assert set(Site.objects.values_list("template_version", flat=True)) == {2}
    assert Operation.objects.filter(kind="site.release").count() == 5
    advance_all()
    assert Operation.objects.filter(kind="site.release").count() == 5


def test_pages_that_show_it_hear_of_its_end(
    five: list[Site], boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(advancing, "publish_operation", lambda row: told.append(row.pk))
    row = rolled(boss, five[0])
    operation = row.sites.get().operation_id
    acts.stop(row, actor=boss)
    assert told == [operation]
    acts.resume(row, actor=boss)
    end(five[0])
    advance(row.pk)
    assert told == [operation] * 3, "it has ended, and so has the rollout"


@pytest.mark.parametrize("status", ["failed", "undone", "cancelled"])
def test_a_failure_in_the_second_wave_stops_it(five: list[Site], boss: Actor, status: str) -> None:
    row = rolled(boss, wave_size=2)
    end(five[0])
    advance(row.pk)
    end(five[1])
    end(five[2], status, "The address answered 502.")
    advance(row.pk)
    words = f"Stopped in wave 2: a release did not succeed. {NOT_REACHED}"
    assert told(row) == ("stopped", words)
    assert stands(row) == {
        "a": "done", "b": "done", "c": "failed", "d": "waiting", "e": "waiting",
    }  # fmt: skip
    assert row.sites.get(site=five[2]).message == "The address answered 502."
    advance_all()
    assert under_way() == []
    versions = dict(Site.objects.values_list("name", "template_version"))
    assert versions == {"a": 2, "b": 2, "c": 1, "d": 1, "e": 1}
    assert set(five[4].releases.values_list("number", "status")) == {
        (1, "current"), (2, "prepared"),
    }  # fmt: skip


def test_what_runs_when_it_is_stopped_is_noted(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, wave_size=3)
    end(five[0])
    advance(row.pk)
    end(five[1], "failed")
    advance(row.pk)
    assert stands(row)["c"] == "running"
    end(five[2])
    end(five[3], "failed")
    advance_all()
    assert (stands(row)["c"], stands(row)["d"]) == ("done", "failed")
    assert not Rollout.objects.under_way().exists()


def test_stopped_by_somebody_and_on_again(five: list[Site], boss: Actor) -> None:
    row = acts.stop(rolled(boss), actor=boss)
    assert told(row) == ("stopped", f"Stopped by admin. {NOT_REACHED}")
    end(five[0])
    advance_all()
    assert stands(row)["a"] == "done" and under_way() == []
    assert acts.stop(row, actor=boss) == row
    acts.resume(row, actor=boss)
    assert under_way() == ["b", "c", "d", "e"]
    assert told(row) == ("running", "")
    actions = Entry.objects.filter(action__startswith="rollout").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "rollout.begin", "rollout.stop", "rollout.resume",
    ]  # fmt: skip


def test_what_failed_is_tried_again(five: list[Site], boss: Actor) -> None:
    row = rolled(boss)
    first = end(five[0], "failed")
    advance(row.pk)
    acts.resume(row, actor=boss, idempotency_key="again")
    assert under_way() == ["a"], "still one alone, as none has succeeded"
    assert row.sites.get(site=five[0]).operation_id != first.pk
    end(five[0], "failed")
    advance(row.pk)
    acts.resume(row, actor=boss, idempotency_key="again")
    assert under_way() == [], "the same request once more changes nothing"
    acts.resume(row, actor=boss, idempotency_key="once more")
    end(five[0])
    advance(row.pk)
    assert under_way() == ["b", "c", "d", "e"]


def test_what_is_done_is_neither_stopped_nor_resumed(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, five[0])
    end(five[0])
    advance(row.pk)
    for act in (acts.stop, acts.resume):
        with pytest.raises(Conflict, match=f"Rollout {row.pk} is done"):
            act(row, actor=boss)


def test_only_who_may_change_all_its_sites(five: list[Site], boss: Actor, alice: User) -> None:
    row = rolled(boss)
    role = alice.groups.model.objects.get(name="admin")
    for site in five[1:]:
        Grant.objects.create(role=role, user=alice, site=site)
    operator = Actor(user_id=alice.pk, name="alice", source="api")
    for act in (acts.stop, acts.resume):
        with pytest.raises(Refused):
            act(row, actor=operator)
    assert Entry.objects.filter(action__startswith="rollout", status="refused").count() == 2
    assert told(row) == ("running", "")
    Grant.objects.create(role=role, user=alice, site=five[0])
    assert acts.stop(row, actor=operator).status == "stopped"
    assert acts.resume(row, actor=operator).actor_name == "alice"
    assert row.begun_by == "admin"


def test_rights_that_are_taken_away_end_it(five: list[Site], boss: Actor, admin: User) -> None:
    row = rolled(boss)
    end(five[0])
    admin.groups.clear()
    advance(row.pk)
    assert told(row)[0] == "stopped"
    assert under_way() == []
    assert row.sites.get(site=five[1]).message == "admin may not release this."


def test_an_account_that_is_gone_ends_it(five: list[Site], boss: Actor, admin: User) -> None:
    row = rolled(boss)
    end(five[0])
    admin.delete()
    advance(row.pk)
    assert told(row)[0] == "stopped"


def test_a_busy_site_is_asked_again_and_at_last_given_up(five: list[Site], boss: Actor) -> None:
    row = rolled(boss)
    end(five[0])
    box = make_container(five[1].host, "b-web-1", site=five[1])
    restart = engine.start("container.restart", box, actor=COMMAND)
    entries = Entry.objects.count()
    advance(row.pk)
    assert under_way() == ["c", "d", "e"]
    advance(row.pk)
    assert Entry.objects.count() == entries + 3, "waiting fills no audit"
    advance(row.pk, now=timezone.now() + BUSY_FOR + timedelta(seconds=1))
    assert told(row)[0] == "stopped"
    assert row.sites.get(site=five[1]).message.startswith("Something else was done with it")
    Operation.objects.filter(pk=restart.pk).update(status="succeeded")
    acts.resume(row, actor=boss)
    assert under_way() == ["b", "c", "d", "e"]


def _released_by_somebody(site: Site) -> None:
    site.releases.filter(status="current").update(status="past")
    make_release(site, 3)


def _prepared_by_somebody(site: Site) -> None:
    make_release(site, 3, status="prepared")


def _rolled_back(site: Site) -> None:
    site.releases.filter(status="current").update(status="past")


def _disowned(site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(managed=False)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (_released_by_somebody, "release 2 is not its newest"),
        (_prepared_by_somebody, "release 2 is not its newest"),
        (_rolled_back, "release 1 is not its current one"),
        (_disowned, "no longer managed"),
    ],
)
def test_what_was_changed_meanwhile_is_skipped(
    five: list[Site], boss: Actor, changed: Any, words: str
) -> None:
    row = rolled(boss, *five[:3])
    end(five[0])
    changed(five[1])
    advance(row.pk)
    assert stands(row) == {"a": "done", "b": "skipped", "c": "running"}
    assert words in row.sites.get(site=five[1]).message
    end(five[2])
    advance(row.pk)
    assert told(row) == ("done", "Done, but for sites that were changed meanwhile.")


def test_what_somebody_released_by_hand_is_done(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, *five[:2])
    end(five[0], "failed")
    advance(row.pk)
    engine.start("site.release", five[0], actor=COMMAND, params={"number": 2})
    end(five[0])
    acts.resume(row, actor=boss)
    assert stands(row) == {"a": "done", "b": "running"}


def test_when_the_first_is_skipped_the_next_goes_alone(five: list[Site], boss: Actor) -> None:
    row = acts.stop(rolled(boss), actor=boss)
    end(five[0], "failed")
    advance(row.pk)
    make_release(five[0], 3, status="prepared")
    acts.resume(row, actor=boss)
    assert stands(row) == {"a": "skipped", "b": "running", **dict.fromkeys("cde", "waiting")}


def test_sites_that_are_gone_are_gone(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, *five[:2])
    end(five[0])
    five[1].delete()
    advance(row.pk)
    assert told(row) == ("done", "Done.")


def test_killed_between_the_start_and_its_note(
    five: list[Site], boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rolled(boss)
    end(five[0])
    note, noted = advancing._note, []

    def killed(one: Any, status: str, message: str) -> bool:
        if status == "running":
            noted.append(one)
            if len(noted) == 2:
                raise KeyboardInterrupt
        return note(one, status, message)

    monkeypatch.setattr(advancing, "_note", killed)
    with pytest.raises(KeyboardInterrupt):
        advance(row.pk)
    assert under_way() == ["b"], "what was not noted was not begun"
    monkeypatch.undo()
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    advance(row.pk)
    assert under_way() == ["b", "c", "d", "e"]
    assert Operation.objects.filter(kind="site.release").count() == 5


def test_one_that_cannot_go_on_holds_up_no_other(
    five: list[Site], boss: Actor, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    broken, row = rolled(boss, five[0]), rolled(boss, five[1])
    end(five[1])
    changed = advancing.advance

    def advance_but_one(key: int) -> None:
        if key == broken.pk:
            raise ValueError
        changed(key)

    monkeypatch.setattr(advancing, "advance", advance_but_one)
    advance_all()
    assert told(row) == ("done", "Done.")
    assert f"rollout {broken.pk} cannot go on" in caplog.text
