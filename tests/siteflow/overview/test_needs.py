"""What needs somebody, in which order, with which next step; and what counts as all right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from monitoring.models import Monitor
from provisioning.models import CertificateCheck
from siteflow.overview.need import Need
from siteflow.overview.sentence import text_of
from siteflow.overview.shown import Overview, overview_of
from sites.granting import give
from sites.models import Domain, Host
from tests.monitoring.alerts.things import make_alert
from tests.people import logged_in
from tests.provisioning.backups.things import backed_up, make_nas, make_source
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db


def told_to(user: User) -> Overview:
    return overview_of(user, now=timezone.now())


def needs_of(user: User) -> dict[str, Need]:
    return {need.title: need for need in told_to(user).needs.shown}


def words(user: User) -> str:
    return text_of(told_to(user).sentence)


def check(domain: Domain, **values: Any) -> CertificateCheck:
    now = timezone.now()
    told = {
        "outcome": "served", "checked_at": now, "tried_at": now, "name_fits": True, "same": True,
        "not_before": now - timedelta(days=40), "not_after": now + timedelta(days=50),
        "soon_at": now + timedelta(days=29),
    }  # fmt: skip
    return CertificateCheck.objects.create(domain=domain, **(told | values))


def test_everything_that_is_ill_is_named_and_nothing_else(bob: User) -> None:
    now = timezone.now()
    web1 = make_host("web1")
    make_host("web2", state="unreachable", error="web2 did not answer.")
    make_host("nas", state="key_unapproved")
    make_container(web1, "good", health="healthy")
    make_container(web1, "ill", health="unhealthy")
    make_container(web1, "loops", state="restarting")
    make_container(web1, "crashed", state="exited", exit_code=137, state_since=now)
    make_container(web1, "finished", state="exited", exit_code=0)
    found = needs_of(bob)
    assert list(found)[0] == "web2" and list(found)[-1] == "nas"
    assert set(found) == {"web2", "nas", "ill", "loops", "crashed"}
    assert found["nas"].path.endswith("#host-key")
    assert found["crashed"].word == "exit 137"
    assert found["web2"].detail == "web2 did not answer."
    assert told_to(bob).state == "attention"


def test_each_need_has_a_source_an_age_and_a_next_step(admin: User) -> None:
    lost = make_host("web1", inventory_at=timezone.now() - timedelta(minutes=9))
    host = make_host("web2")
    make_container(host, "ill", health="unhealthy")
    make_container(lost, "unseen")
    site = make_site(host, "shop", domain="shop.example.org")
    check(site.domains.get(), not_after=timezone.now() - timedelta(days=1))
    for need in needs_of(admin).values():
        assert need.source and need.action and need.path.startswith("/admin/"), need
        assert need.since or need.kind == "siteflow", need
        assert logged_in(admin).get(need.path).status_code == 200


@pytest.mark.parametrize("state", [state for state in Host.State.values if state != "reachable"])
def test_no_state_of_a_host_but_reachable_is_all_right(bob: User, state: str) -> None:
    make_host("web1", state=state, state_since=timezone.now())
    told = told_to(bob)
    if state == "setup_pending":  # nobody has asked for it to be watched yet
        assert told.state == "ok"
    else:
        assert [need.title for need in told.needs.shown] == ["web1"]
        assert text_of(told.sentence).startswith("1 thing needs you: web1 ")


def test_a_host_nobody_looks_at_is_not_all_right(bob: User) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    host = make_host("web1", inventory_at=long_ago)
    make_host("web2")
    make_container(host, "b")
    make_container(host, "c", state="restarting")
    told = told_to(bob)
    assert told.figures.hosts == {"reachable": 1, "unknown": 1}
    assert told.figures.containers == {"unknown": 2}
    [need] = told.needs.shown
    assert (need.title, need.state, need.since) == ("web1", "unknown", long_ago)
    assert "monitor" in need.detail, "the host, not its containers"
    assert words(bob).startswith("1 thing needs you: web1 was last looked at ")
    client = logged_in(bob)
    for page in (
        reverse("admin:sites_host_changelist"),
        reverse("admin:sites_host_change", args=[host.pk]),
    ):
        assert 'data-state="unknown"' in client.get(page).content.decode()


def test_certificates_that_are_refused_or_end_soon_and_the_button_for_who_may(
    alice: User, bob: User
) -> None:
    now = timezone.now()
    host = make_host("web1")
    for name, values in {
        "good": {}, "over": {"not_after": now - timedelta(hours=1)},
        "soon": {"not_after": now + timedelta(days=9), "soon_at": now},
        "lost": {"checked_at": now - timedelta(days=1)},
    }.items():  # fmt: skip
        site = make_site(host, name, domain=f"{name}.example.org")
        check(site.domains.get(), **values)
    found = needs_of(alice)
    assert list(found) == [f"{name}.example.org" for name in ("over", "soon", "lost")]
    assert found["over.example.org"].says == "has a certificate that has expired"
    act = found["over.example.org"].act
    assert act is not None and act.kind == "cert.check"
    assert logged_in(alice).get(act.path).status_code == 200
    assert needs_of(bob)["over.example.org"].act is None, "bob only looks"


def test_an_unreachable_host_stands_for_its_certificates(bob: User) -> None:
    site = make_site(make_host("web1", state="unreachable"), domain="shop.example.org")
    check(site.domains.get())
    assert list(needs_of(bob)) == ["web1"]


def test_siteflow_itself_is_a_need_of_who_manages_it(admin: User, bob: User) -> None:
    make_host("web1")
    assert "No monitor is running" in needs_of(admin)["SiteFlow’s monitor"].detail
    assert needs_of(bob) == {}
    Monitor.objects.create(name="a", alive_until=timezone.now() + timedelta(hours=1))
    assert needs_of(admin) == {}


def test_who_sees_one_site_is_told_of_that_site_only(charlie: User) -> None:
    host = make_host("web1")
    mine, foreign = make_site(host, "mine"), make_site(host, "foreign")
    make_container(host, "mine-web-1", site=mine)
    make_container(host, "foreign-web-1", site=foreign, state="restarting")
    give(Group.objects.get(name="viewer"), to=charlie, on=mine, actor=COMMAND)
    assert words(charlie).startswith("All is well: the one site runs, as of ")
    Host.objects.update(state="unreachable", error="secret-address did not answer")
    told = told_to(User.objects.get(pk=charlie.pk))
    [need] = told.needs.shown
    assert (need.kind, need.title, need.state) == ("site", "mine", "unknown")
    assert "secret-address" not in need.detail
    assert text_of(told.sentence).startswith("1 thing needs you: mine is unknown since ")


def test_more_needs_than_are_shown_are_counted(bob: User) -> None:
    for number in range(20):
        host = make_host(f"web{number}", state="unreachable")
        make_container(host, f"c{number}")
    told = told_to(bob)
    assert (told.needs.total, len(told.needs.shown)) == (20, 8)
    assert ", and 18 more." in text_of(told.sentence)


def test_alerts_stand_first_and_for_what_they_are_about(alice: User, bob: User) -> None:
    lost, host = make_host("web1", state="unreachable"), make_host("web2")
    ill = make_container(host, "ill", health="unhealthy")
    other = make_container(host, "other", health="unhealthy")
    make_alert(ill, severity="warning", kind="container_unhealthy")
    critical = make_alert(lost)
    make_alert(other, state="pending")
    told = told_to(alice)
    assert [(need.kind, need.title) for need in told.needs.shown] == [
        ("alert", "web1"), ("alert", "ill"), ("container", "other"),
    ]  # fmt: skip
    assert told.needs.total == 3, "what has an alert is not counted twice"
    first = told.needs.shown[0]
    assert (first.word, first.detail) == ("critical", "It does not answer.")
    assert text_of(told.sentence).startswith("3 things need you: web1 is unreachable since ")
    assert first.act is not None and not first.act.is_operation
    answer = logged_in(alice).post(first.act.path)
    assert answer.status_code == 302
    critical.refresh_from_db()
    assert critical.acknowledged_by == "alice"
    assert list(needs_of(bob)) == ["ill", "other", "web1"], "taken up: no longer first"
    assert needs_of(bob)["ill"].act is None, "bob only looks"


def test_alerts_that_are_silenced_stay_but_stand_last(bob: User) -> None:
    host = make_host("web1")
    muted = make_alert(make_container(host, "muted"), muted_until=timezone.now() + timedelta(1))
    make_container(host, "ill", health="unhealthy")
    found = needs_of(bob)
    assert list(found) == ["ill", "muted"]
    assert "Muted until" in found["muted"].detail and muted.message in found["muted"].detail


def test_an_alert_nobody_can_see_any_more_is_unknown(bob: User) -> None:
    since = timezone.now() - timedelta(minutes=3)
    make_alert(make_host("web1"), unseen_since=since, unseen_because="no monitor is running")
    need = needs_of(bob)["web1"]
    assert (need.state, need.word, need.since) == ("unknown", "unknown", since)
    assert "no monitor is running" in need.detail


def test_backups_that_are_old_small_missing_or_unseen(bob: User) -> None:
    host = make_host("web1")
    source = make_source(make_nas(), host)
    for name, values in {
        "fresh": {}, "stale": {"hours": 90}, "gone": {"count": 0, "newest_at": None, "kept": []},
        "small": {"newest_bytes": 9, "shrunken": True},
        "lost": {"known_until": timezone.now() - timedelta(hours=1)},
    }.items():  # fmt: skip
        backed_up(make_site(host, name), source, **values)  # type: ignore[arg-type]
    told = [need for need in told_to(bob).needs.shown if need.kind == "backup"]
    assert [need.title for need in told] == ["gone", "stale", "small", "The backup of lost"]
    assert all(need.since and need.source for need in told)
    assert "nas1" not in needs_of(bob), "a NAS needs no Docker"
    source.error_code, source.error = "unreachable", "nas1 did not answer"
    source.save()
    told = [need for need in told_to(bob).needs.shown if need.kind == "backup"]
    assert [need.title for need in told] == ["Backups of 5 sites"], "one need, not five"
    assert told[0].state == "unknown"
