"""Alerts, rules and maintenance in the console: what is shown, what forms do, what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from monitoring.alerts import defaults
from monitoring.alerts.models import Alert, Maintenance, Rule
from sites.models import Host, Tag
from tests.monitoring.alerts.things import make_alert, make_window
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db
ROOT = "/admin/monitoring"


@pytest.fixture
def host() -> Host:
    return make_host()


def text(client: Client, path: str) -> str:
    answer = client.get(f"{ROOT}/{path}")
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_the_list_has_what_is_open_host_by_host_the_worst_first(bob: User, host: Host) -> None:
    other = make_host("edge1")
    make_alert(host, severity="info", rule_name="Later")
    make_alert(host, kind="docker_down", rule_name="Worst")
    make_alert(other, kind="docker_down", rule_name="Elsewhere")
    make_alert(other, state="resolved", rule_name="Over")
    shown = text(logged_in(bob), "alert/")
    rules = re.findall(r'data-label="Rule">(\w+)<', shown)
    assert rules == ["Elsewhere", "Worst", "Later"]
    assert shown.count('class="group"') == 2
    assert "Over" in text(logged_in(bob), "alert/?state=all")
    assert re.findall(
        r'data-label="Rule">(\w+)<', text(logged_in(bob), "alert/?severity=info")
    ) == ["Later"]


def test_what_nobody_sees_is_unknown_with_its_reason(bob: User, host: Host) -> None:
    alert = make_alert(
        make_container(host), unseen_since=timezone.now(), unseen_because="web1 is unreachable"
    )
    for path in ("alert/", f"alert/{alert.pk}/change/"):
        shown = text(logged_in(bob), path)
        assert 'data-state="unknown"' in shown and "web1 is unreachable" in shown


def test_the_page_of_one_has_cause_timeline_and_actions(alice: User, bob: User, host: Host) -> None:
    alert = make_alert(
        make_container(host, site=make_site(host)), log=["out of memory"],
        cause={"operation": {"id": 7, "label": "Release shop", "status": "done", "at": "noon"}},
    )  # fmt: skip
    alert.events.create(at=timezone.now(), what="firing", text="It exited with code 137.")
    shown = text(logged_in(alice), f"alert/{alert.pk}/change/")
    for part in ("out of memory", "Release shop", "It exited with code 137.", "Acknowledge"):
        assert part in shown
    assert "Acknowledge" not in text(logged_in(bob), f"alert/{alert.pk}/change/")


def test_acknowledging_and_muting(alice: User, bob: User, host: Host) -> None:
    alert = make_alert(host)
    page = f"{ROOT}/alert/{alert.pk}"
    answer = logged_in(alice).post(f"{page}/acknowledge/", {"note": "mine"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{page}/change/"
    logged_in(alice).post(f"{page}/mute/", {"for": "4h"})
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.note, alert.muted_by) == ("alice", "mine", "alice")
    assert alert.muted_until and alert.muted_until - timezone.now() > timedelta(hours=3)
    logged_in(alice).post(f"{page}/mute/", {})
    refused = logged_in(bob).post(f"{page}/mute/", {"for": "1h"}, follow=True)
    assert "may not mute this" in refused.content.decode()
    alert.refresh_from_db()
    assert alert.muted_until is None


NEW = {"kind": "threshold", "name": "Busy", "severity": "warning", "for_s": "300",
       "clear_for_s": "60", "value": "host load1", "direction": "above", "threshold": "8",
       "clear_threshold": "6", "scope": "everything", "enabled": "on"}  # fmt: skip


def sent(user: User, path: str, body: dict[str, str]) -> Any:
    return logged_in(user).post(f"{ROOT}/{path}", body)


def test_a_rule_is_made_changed_and_removed(admin: User, host: Host) -> None:
    assert sent(admin, "rule/add/", NEW).status_code == 302
    row = Rule.objects.get()
    assert (row.of, row.metric, row.threshold, row.clear_threshold) == ("host", "load1", 8, 6)
    changed = {**NEW, "threshold": "9", "scope": "host", "place": "WEB1", "enabled": ""}
    assert sent(admin, f"rule/{row.pk}/change/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.threshold, row.host, row.enabled) == (9, host, False)
    assert "web1" in text(logged_in(admin), f"rule/{row.pk}/change/")
    assert sent(admin, f"rule/{row.pk}/remove/", {}).status_code == 302
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"threshold": ""}, "A number."),
        ({"clear_threshold": "9"}, "The threshold itself, or below it."),
        ({"scope": "site", "place": "nowhere"}, "There is no site nowhere."),
        ({"scope": "host", "place": ""}, "Name the host."),
        ({"value": "moon phase"}, "Select a valid choice"),
        ({"for_s": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_is_wrong_with_a_rule_stands_at_its_field(
    admin: User, wrong: dict[str, str], words: str
) -> None:
    answer = sent(admin, "rule/add/", {**NEW, **wrong})
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Rule.objects.exists()


def test_a_shipped_rule_is_restored_in_the_console(admin: User) -> None:
    defaults.make_missing()
    row = Rule.objects.get(shipped="container-down")
    body = {"name": "Mine", "severity": "info", "for_s": "5", "clear_for_s": "5",
            "scope": "everything"}  # fmt: skip
    assert sent(admin, f"rule/{row.pk}/change/", body).status_code == 302
    assert Rule.objects.get(pk=row.pk).enabled is False
    sent(admin, f"rule/{row.pk}/restore/", {})
    row.refresh_from_db()
    assert (row.name, row.enabled, row.for_s) == ("Container down", True, 30)
    assert "came with SiteFlow and would be back" in logged_in(admin).post(
        f"{ROOT}/rule/{row.pk}/remove/", follow=True
    ).content.decode()  # fmt: skip


@pytest.mark.parametrize("name", defaults.SHIPPED)
def test_each_shipped_rule_can_be_saved_as_it_is_shown(admin: User, name: str) -> None:
    defaults.make_missing()
    row = Rule.objects.get(shipped=name)
    client = logged_in(admin)
    form = client.get(f"{ROOT}/rule/{row.pk}/change/").context["form"]
    body = {field: form.initial.get(field) for field in form.fields}
    body = {
        field: value for field, value in body.items() if value is not None and value is not False
    }
    assert client.post(f"{ROOT}/rule/{row.pk}/change/", body).status_code == 302
    before = {field: getattr(row, field) for field in defaults.SHIPPED[name]}
    row = Rule.objects.get(pk=row.pk)
    assert {field: getattr(row, field) for field in before} == before


def times(**more: str) -> dict[str, str]:
    return {"begins_at": "2031-05-01T08:00", "ends_at": "2031-05-01T10:00", "why": "a new disk",
            "scope": "everything", **more}  # fmt: skip


def test_maintenance_is_planned_moved_and_removed(alice: User, host: Host) -> None:
    site = make_site(host)
    tag = Tag.objects.create(name="client-a")
    for scope, place in (("everything", ""), ("host", "web1"), ("site", "web1/shop"),
                         ("site", str(site.pk)), ("tag", "client-a")):  # fmt: skip
        body = times(scope=scope, place=place)
        assert sent(alice, "maintenance/add/", body).status_code == 302
    scopes = [row.scope for row in Maintenance.objects.order_by("pk")]
    assert scopes == ["everything", "host web1", "site shop", "site shop", f"tag {tag}"]
    row = Maintenance.objects.order_by("pk").first()
    assert row is not None and row.begins_at.isoformat() == "2031-05-01T08:00:00+00:00"
    later = times(ends_at="2031-05-01T12:00")
    assert sent(alice, f"maintenance/{row.pk}/change/", later).status_code == 302
    row.refresh_from_db()
    assert row.ends_at.hour == 12 and row.host is None
    assert sent(alice, f"maintenance/{row.pk}/remove/", {}).status_code == 302
    assert Maintenance.objects.count() == 4
    assert "client-a" in text(logged_in(alice), "maintenance/")


def test_a_window_that_ends_before_it_begins_is_refused(alice: User) -> None:
    answer = sent(alice, "maintenance/add/", times(ends_at="2031-05-01T07:00"))
    assert answer.status_code == 422
    assert "It has to end after it begins." in answer.content.decode()
    assert not Maintenance.objects.exists()


def test_viewers_see_windows_and_change_none(bob: User, host: Host) -> None:
    row = make_window(host=host, why="a new disk")
    assert "a new disk" in text(logged_in(bob), "maintenance/")
    for path in ("maintenance/add/", f"maintenance/{row.pk}/change/"):
        assert logged_in(bob).get(f"{ROOT}/{path}").status_code == 403
    assert Alert.objects.count() == 0
