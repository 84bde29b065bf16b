"""Which sites a version goes to, in which wave, and that it is prepared for all or for none."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from audit.models import Entry
from audit.record import Actor
from provisioning.engine import Refused
from provisioning.engine.errors import Conflict
from provisioning.models import Operation, Release, Rollout
from provisioning.operations.contract import VerbError
from provisioning.rollouts import acts
from provisioning.rollouts.planning import Rolling
from sites.answers import NotFound
from sites.models import Host, Site
from tests.provisioning.rollouts.rows import (
    end,
    make_sites,
    make_template,
    planned,
    rolled,
    stands,
    under_way,
)
from tests.provisioning.site_rows import make_release

EDITED = "it was edited by hand, which would be undone; name it to have it all the same"


def test_the_plan_tells_the_waves_and_changes_nothing(five: list[Site], boss: Actor) -> None:
    made = planned(boss, wave_size=3)
    assert (made.template, made.version) == ("page", 2)
    assert [(line.site.name, line.wave) for line in made.sites] == [
        ("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e", 3),
    ]  # fmt: skip
    assert made.left_out == []
    assert Release.objects.count() == 5 and not Operation.objects.exists()


def test_the_first_that_is_named_goes_first(five: list[Site], boss: Actor) -> None:
    made = planned(boss, five[3], five[0], five[3])
    assert [(line.site.name, line.wave) for line in made.sites] == [("d", 1), ("a", 2)]


def _unmanaged(site: Site) -> None:
    site.managed = False


def _draft(site: Site) -> None:
    site.stage = Site.Stage.DRAFT


def _newer(site: Site) -> None:
    site.template_version = 3


def _there_already(site: Site) -> None:
    site.template_version = 2


def _without_a_release(site: Site) -> None:
    site.releases.all().delete()


def _pinned(site: Site) -> None:
    site.releases.update(pinned=True)


def _prepared(site: Site) -> None:
    make_release(site, 2, status="prepared")


def _edited(site: Site) -> None:
    site.releases.update(status="past")
    make_release(site, 2, compose="services: {web: {image: other:1}}\n", env={})


def _env_edited(site: Site) -> None:
    first = site.releases.get()
    site.releases.update(status="past")
    make_release(site, 2, compose=first.compose, env={"SITE_TITLE": "Mine"})


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (_unmanaged, "it is not managed"),
        (_draft, "it has no release that runs yet"),
        (_without_a_release, "it has no release that runs yet"),
        (_there_already, "it runs version 2 already"),
        (_newer, "it runs version 3 already"),
        (_pinned, "release 1, which it runs, is pinned"),
        (_prepared, "release 2 waits, prepared"),
        (_edited, EDITED),
        (_env_edited, EDITED),
    ],
)  # fmt: skip
def test_who_is_left_out_and_why(five: list[Site], boss: Actor, made: Any, reason: str) -> None:
    site = five[1]
    made(site)
    site.save()
    found = planned(boss)
    assert [(line.site.name, line.reason) for line in found.left_out] == [("b", reason)]
    assert [line.site.name for line in found.sites] == ["a", "c", "d", "e"]


def test_a_secret_that_was_changed_is_no_edit(five: list[Site], boss: Actor) -> None:
    site = five[1]
    first = site.releases.get()
    site.releases.update(status="past")
    make_release(site, 2, compose=first.compose, env={"DB_PASSWORD": "another"})
    assert planned(boss).left_out == []


def test_an_edited_site_that_is_named_goes_along(five: list[Site], boss: Actor) -> None:
    _edited(five[1])
    assert [line.site.name for line in planned(boss, five[1]).sites] == ["b"]
    make_release(five[1], 3, status="prepared")
    assert planned(boss, five[1]).left_out[0].reason == "release 3 waits, prepared"


def test_another_template_s_site_is_left_out(host: Host, five: list[Site], boss: Actor) -> None:
    (other,) = make_sites(host, "other", template="static")
    assert planned(boss, other).left_out[0].reason == "it comes from static"


def test_there_must_be_such_a_version_and_such_a_site(five: list[Site], boss: Actor) -> None:
    with pytest.raises(VerbError, match="no template page of version 9"):
        planned(boss, version=9)
    with pytest.raises(NotFound):
        acts.begin(
            Rolling(template="page", sites=[five[0].pk]), actor=boss, among=Site.objects.none()
        )


def test_all_are_prepared_and_one_is_begun(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, wave_size=2)
    assert under_way() == ["a"]
    assert stands(row) == {"a": "running", **dict.fromkeys("bcde", "waiting")}
    news = Release.objects.filter(number=2)
    assert {(one.status, one.template_version) for one in news} == {("prepared", 2)}
    assert all("nginx:1.28" in one.compose for one in news)
    assert set(Site.objects.values_list("revision", "template_version")) == {(2, 1)}
    assert set(Operation.objects.values_list("batch", flat=True)) == {row.batch}
    entry = Entry.objects.get(action="rollout.begin")
    assert entry.after is not None and entry.after["sites"] == [f"web1/{name}" for name in "abcde"]
    assert (entry.actor_name, entry.host_id, entry.site_id) == ("admin", five[0].host_id, None)
    assert Entry.objects.filter(action="site.configure", phase="outcome").count() == 5


def test_one_that_cannot_be_prepared_stops_all(host: Host, boss: Actor) -> None:
    params = {"type": "object", "properties": {"owner": {"type": "string"}}, "required": ["owner"]}
    make_template(params=params)
    first, second = make_sites(host, "a", "b")
    Site.objects.filter(pk=first.pk).update(params={"owner": "us"})
    with pytest.raises(VerbError, match=r"^b: .*owner.* Nothing was prepared on any site\.$"):
        rolled(boss)
    assert Release.objects.count() == 2 and not Rollout.objects.exists()
    assert not Operation.objects.exists()
    entry = Entry.objects.get()
    assert (entry.action, entry.status) == ("rollout.begin", "refused")
    assert second.name in entry.error


def test_one_that_is_named_and_left_out_stops_all(five: list[Site], boss: Actor) -> None:
    _pinned(five[1])
    with pytest.raises(VerbError, match="b: release 1, which it runs, is pinned") as caught:
        rolled(boss, five[0], five[1])
    assert caught.value.code == "left_out"
    assert Release.objects.filter(number=2).count() == 0


def test_nothing_to_roll_out(five: list[Site], boss: Actor) -> None:
    Site.objects.update(template_version=2)
    with pytest.raises(VerbError, match="a: it runs version 2 already"):
        rolled(boss)
    Site.objects.all().delete()
    with pytest.raises(VerbError, match="No site that you see comes from page"):
        rolled(boss)


def test_too_many_at_once(five: list[Site], boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MAX_SITES", 4)
    with pytest.raises(VerbError, match="These are 5 sites: name 4 of them at most"):
        rolled(boss)


def test_who_may_not_change_them(five: list[Site], alice: User) -> None:
    operator = Actor(user_id=alice.pk, name="alice", source="api")
    assert {line.reason for line in planned(operator).left_out} == {
        "you may not change and release it"
    }
    for sites in ([], [five[0]]):
        with pytest.raises(Refused, match="a: you may not change and release it"):
            rolled(operator, *sites)
    assert Entry.objects.filter(action="rollout.begin", status="refused").count() == 2


def test_the_same_key_begins_once(five: list[Site], boss: Actor) -> None:
    def ask(**wanted: Any) -> Rollout:
        told = Rolling(**{"template": "page", **wanted})
        return acts.begin(told, actor=boss, among=Site.objects.all(), idempotency_key="k")

    first = ask()
    assert ask() == first == ask(version=2, sites=[site.pk for site in five])
    for other in ({"wave_size": 7}, {"version": 1}, {"sites": [five[0].pk]}):
        with pytest.raises(Conflict, match="was used for another request"):
            ask(**other)


def test_what_an_ended_rollout_prepared_is_in_nobodys_way(five: list[Site], boss: Actor) -> None:
    row = rolled(boss, five[0], five[1])
    reasons = [line.reason for line in planned(boss).left_out]
    assert f"release 2 waits, prepared by rollout {row.pk}, which is under way" in reasons
    acts.stop(row, actor=boss)
    end(five[0])
    assert [line.site.name for line in planned(boss).sites] == ["b", "c", "d", "e"]
    again = rolled(boss, five[1])
    assert again.sites.get().number == 3
