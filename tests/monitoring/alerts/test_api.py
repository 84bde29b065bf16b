"""Alerts over HTTP and at the command line: who sees them, who may do what, what is on record."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Entry
from monitoring.alerts import defaults
from monitoring.alerts.models import Alert, Maintenance, Rule
from sites.models import Grant
from tests.monitoring.alerts.things import make_alert
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db


def ask(user: User, method: str, path: str, body: Any = None) -> Any:
    return getattr(logged_in(user), method)(
        f"/api/alerts{path}", json.dumps(body) if body is not None else None,
        content_type="application/json",
    )  # fmt: skip


def items(user: User, query: str = "") -> list[Any]:
    found: list[Any] = logged_in(user).get(f"/api/alerts{query}").json()["items"]
    return found


@pytest.fixture
def alert() -> Alert:
    host = make_host()
    return make_alert(make_container(host, site=make_site(host)))


def test_the_list_is_filtered(bob: User, alert: Alert) -> None:
    other = make_alert(make_host("web2"), severity="warning", state="pending")
    assert [one["id"] for one in items(bob)] == [other.pk, alert.pk]
    assert [one["id"] for one in items(bob, "?state=firing")] == [alert.pk]
    assert [one["id"] for one in items(bob, "?severity=warning")] == [other.pk]
    assert [one["id"] for one in items(bob, "?host=web1")] == [alert.pk]
    assert [one["id"] for one in items(bob, f"?site={alert.site_id}")] == [alert.pk]
    assert [one["id"] for one in items(bob, "?kind=host_unreachable")] == [other.pk]
    assert [one["id"] for one in items(bob, "?search=shop")] == [alert.pk]
    assert [one["id"] for one in items(bob, "?ordering=severity")] == [alert.pk, other.pk]


def test_whoever_sees_a_part_sees_the_alerts_of_that_part(charlie: User, alert: Alert) -> None:
    of_host = make_alert(make_host("web2"))
    beside = make_alert(alert_host(alert), kind="docker_down")
    assert logged_in(charlie).get("/api/alerts").status_code == 403
    operator = Group.objects.get(name="operator")
    Grant.objects.create(user=charlie, role=operator, site_id=alert.site_id)
    assert [one["id"] for one in items(charlie)] == [alert.pk]
    for hidden in (of_host, beside):
        assert ask(charlie, "get", f"/{hidden.pk}").status_code == 404
        assert ask(charlie, "post", f"/{hidden.pk}/acknowledge", {}).status_code == 404
    assert ask(charlie, "post", f"/{alert.pk}/acknowledge", {}).status_code == 200


def alert_host(alert: Alert) -> Any:
    assert alert.host is not None
    return alert.host


def test_an_operator_acknowledges_and_a_viewer_does_not(
    alice: User, bob: User, alert: Alert
) -> None:
    refused = ask(bob, "post", f"/{alert.pk}/acknowledge", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    told = ask(alice, "post", f"/{alert.pk}/acknowledge", {"note": "On it."}).json()
    assert (told["acknowledged_by"], told["note"]) == ("alice", "On it.")
    assert [(one["what"], one["by"], one["text"]) for one in told["events"]] == [
        ("acknowledged", "alice", "On it.")
    ]
    entries = Entry.objects.filter(action="alert.acknowledge").order_by("id")
    assert list(entries.values_list("status", "actor_name")) == [
        ("refused", "bob"), ("succeeded", "alice"),
    ]  # fmt: skip


def test_a_mute_has_an_end_and_can_be_ended(alice: User, alert: Alert) -> None:
    until = timezone.now() + timedelta(hours=2)
    muted = ask(alice, "post", f"/{alert.pk}/mute", {"until": until.isoformat()}).json()
    assert muted["muted_by"] == "alice" and muted["muted_until"]
    past = ask(alice, "post", f"/{alert.pk}/mute", {"until": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["error"]["field"]) == (422, "until")
    told = ask(alice, "post", f"/{alert.pk}/mute", {"until": None}).json()
    assert told["muted_until"] is None and told["muted_by"] == ""
    assert [one["what"] for one in told["events"]] == ["muted", "unmuted"]


def test_what_is_over_is_neither_acknowledged_nor_muted(alice: User, alert: Alert) -> None:
    Alert.objects.update(state="resolved", resolved_at=timezone.now())
    for act, body in (("acknowledge", {}), ("mute", {"until": None})):
        refused = ask(alice, "post", f"/{alert.pk}/{act}", body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_ended")


def test_each_is_told_of_the_cause_what_they_may_see(bob: User, alert: Alert) -> None:
    cause = {"containers": [{"id": 1, "name": "x"}], "operation": {"id": 3}}
    Alert.objects.update(cause=cause, log=["boom"])
    told = ask(bob, "get", f"/{alert.pk}").json()["cause"]
    assert told == {**cause, "release": None, "log": ["boom"]}
    looker = User.objects.create(username="looker")
    from django.contrib.auth.models import Permission

    looker.user_permissions.set(Permission.objects.filter(codename="view_container"))
    Grant.objects.create(user=looker, role=Group.objects.get(name="viewer"), host=make_host("h"))
    told = ask(looker, "get", f"/{alert.pk}").json()["cause"]
    assert told == {**cause, "operation": None, "release": None, "log": ["boom"]}


def test_rules_are_an_admin_s(admin: User, alice: User) -> None:
    body = {"name": "Busy", "kind": "threshold", "of": "host", "metric": "load1",
            "threshold": 8, "clear_threshold": 6, "for_s": 300}  # fmt: skip
    assert ask(alice, "get", "/rules").status_code == 403
    assert ask(alice, "post", "/rules", body).status_code == 403
    made = ask(admin, "post", "/rules", body)
    assert made.status_code == 201
    key = made.json()["id"]
    told = ask(admin, "patch", f"/rules/{key}", {"enabled": False, "clear_threshold": None}).json()
    assert (told["enabled"], told["clear_threshold"], told["threshold"]) == (False, None, 8)
    assert ask(admin, "delete", f"/rules/{key}").status_code == 204
    assert not Rule.objects.exists()
    acts = list(Entry.objects.filter(action__startswith="rule.").order_by("id").values_list(
        "action", "status"))  # fmt: skip
    assert acts == [(f"rule.{act}", "succeeded") for act in ("create", "change", "remove")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"of": "moon"}, "of"),
        ({"metric": "phase"}, "metric"),
        ({"threshold": None}, "threshold"),
        ({"clear_threshold": 95}, "clear_threshold"),
        ({"host": 99}, "host"),
        ({"tag": "nowhere"}, "tag"),
        ({"for_s": -1}, "for_s"),
        ({"kind": "container_down"}, "of"),
        ({"kind": "container_down", "of": "", "metric": ""}, "threshold"),
        ({"name": " "}, "name"),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(admin: User, wrong: Any, field: str) -> None:
    body = {"name": "Full", "kind": "threshold", "of": "disk", "metric": "used_percent",
            "threshold": 90, **wrong}  # fmt: skip
    refused = ask(admin, "post", "/rules", body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, field)
    assert not Rule.objects.exists()


def test_shipped_rules_are_switched_off_and_restored_but_not_removed(admin: User) -> None:
    defaults.make_missing()
    defaults.make_missing()
    assert Rule.objects.count() == len(defaults.SHIPPED)
    key = Rule.objects.get(shipped="disk").pk
    told = ask(admin, "patch", f"/rules/{key}", {"enabled": False, "threshold": 50,
                                                 "clear_threshold": 40}).json()  # fmt: skip
    assert (told["enabled"], told["threshold"]) == (False, 50)
    defaults.make_missing()
    assert Rule.objects.get(pk=key).enabled is False
    refused = ask(admin, "delete", f"/rules/{key}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "shipped")
    told = ask(admin, "post", f"/rules/{key}/restore").json()
    assert (told["enabled"], told["threshold"], told["clear_threshold"]) == (True, 85, 80)


@pytest.mark.parametrize("name", defaults.SHIPPED)
def test_each_shipped_rule_is_one_that_could_be_made(admin: User, name: str) -> None:
    from monitoring.alerts.rule_acts import check

    check(Rule(shipped=name, **defaults.SHIPPED[name]))


def window(**more: Any) -> dict[str, Any]:
    now = timezone.now()
    return {"begins_at": now.isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat(),
            "why": "a new disk", **more}  # fmt: skip


def test_maintenance_is_planned_by_who_operates_it(
    alice: User, bob: User, charlie: User, alert: Alert
) -> None:
    body = window(host=alert.host_id)
    assert ask(bob, "post", "/maintenance", body).status_code == 403
    made = ask(alice, "post", "/maintenance", body).json()
    assert (made["scope"], made["state"], made["created_by"]) == ("host web1", "open", "alice")
    Grant.objects.create(
        user=charlie, role=Group.objects.get(name="operator"), site_id=alert.site_id
    )
    assert ask(charlie, "post", "/maintenance", window()).status_code == 403
    assert ask(charlie, "post", "/maintenance", body).status_code == 404
    own = ask(charlie, "post", "/maintenance", window(site=alert.site_id)).json()
    listed = ask(charlie, "get", "/maintenance").json()["items"]
    assert [one["id"] for one in listed] == [own["id"]]
    assert ask(charlie, "delete", f"/maintenance/{made['id']}").status_code == 404
    later = (timezone.now() + timedelta(hours=3)).isoformat()
    changed = ask(alice, "patch", f"/maintenance/{made['id']}", {"ends_at": later}).json()
    assert changed["ends_at"] > made["ends_at"]
    assert ask(alice, "delete", f"/maintenance/{made['id']}").status_code == 204
    assert list(Maintenance.objects.values_list("site", flat=True)) == [alert.site_id]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"), ({"why": ""}, "why"),
     ({"ends_at": "2999-01-01T00:00:00Z"}, "ends_at"), ({"tag": "none"}, "tag")],
)  # fmt: skip
def test_what_is_wrong_with_a_window_is_named(alice: User, wrong: Any, field: str) -> None:
    refused = ask(alice, "post", "/maintenance", window(**wrong))
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, field)


def run(*args: str) -> Any:
    out = StringIO()
    call_command("alert", *args, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_lists_and_acts(alert: Alert) -> None:
    Alert.objects.update(severity="warning", rank=1)
    assert [one["id"] for one in run("list")] == [alert.pk]
    assert run("list", "--severity", "info") == []
    assert run("acknowledge", str(alert.pk), "--note", "mine")["note"] == "mine"
    assert run("mute", str(alert.pk), "--for", "2h")["muted_until"]
    assert run("mute", str(alert.pk), "--off")["muted_until"] is None
    assert [one["what"] for one in run("show", str(alert.pk))["events"]] == [
        "acknowledged", "muted", "unmuted",
    ]  # fmt: skip
    out = StringIO()
    call_command("alert", "list", stdout=out)
    assert "shop-web-1" in out.getvalue() and "acknowledged by" in out.getvalue()


def test_the_command_fails_while_something_critical_fires(alert: Alert) -> None:
    with pytest.raises(CommandError, match="code 1"):
        call_command("alert", "list", stdout=StringIO())


def test_the_command_switches_rules(db: None) -> None:
    defaults.make_missing()
    key = str(Rule.objects.get(shipped="disk").pk)
    told = {one["id"]: one for one in run("rules", "--off", key)}
    assert told[int(key)]["enabled"] is False
    assert {one["id"]: one for one in run("rules", "--restore", key)}[int(key)]["enabled"] is True
    with pytest.raises(CommandError, match="no rule 999"):
        run("rules", "--on", "999")
