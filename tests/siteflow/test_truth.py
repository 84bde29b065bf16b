"""Each state that is told, by the API or on a page, has an age and a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from monitoring.graph import shown as graphs
from monitoring.graph.shown import Wanted
from monitoring.graph.telling import node_out
from monitoring.graph.things import Kind
from monitoring.health.asking import Answer
from monitoring.health.parts import Found
from monitoring.health.telling import part_out
from provisioning.backups.nas_telling import sources_out
from provisioning.backups.telling import backup_out
from provisioning.certificates.telling import certificate_out
from provisioning.models import Certificate, Operation
from siteflow.api import api
from siteflow.overview.need import Need
from siteflow.templatetags import alerts, backups, certificates, console, graph, overview
from sites.rows import EVERYTHING, site_rows
from sites.schemas import container_out
from tests.monitoring.alerts.things import make_alert
from tests.provisioning.backups.things import backed_up, make_nas, make_source
from tests.provisioning.rows import make_container, make_host, make_operation
from tests.provisioning.site_rows import make_release, make_site

# -- the API ---------------------------------------------------------------------------------

AGES = {"observed_at", "seen_at"}
STATES = {"state", "status", "stage", "health"}
# Where `source` is by which way something was asked for, so who says its state stands apart.
ASKED_BY = {"OperationOut", "OperationDetail"}
WITHOUT: dict[str, str] = {
    "StepOut": "began and ended at times of its own, and its operation tells who says so",
    "WizardStepOut": "is a place in the wizard that it is part of, which has both",
    "VhostOut": "is part of ProxyOut, which has both",
    "RolloutSiteOut": "is part of RolloutDetail, and its operation tells more",
    "ConfigOut": "tells the release it was read from, which has both",
    "Provisioned": "is the answer to a request: its operation tells what becomes of it",
    "Deprovisioned": "is the answer to a request: its operation tells what becomes of it",
    "DeliveryOut": "is SiteFlow's own record of one sending, with the time of its end",
    "MaintenanceOut": "is worked out of its own times, when it is asked for",
    "NodeBackupStatus": "is part of GraphNode, and `at` is the time of the backup itself",
    "LogOut": "is an entry of the audit: it was so at `at` and never changes",
    "Error": "is the answer to a request, at its `timestamp`",
}


def schemas() -> dict[str, dict[str, Any]]:
    """Those that are answered with; what is asked with has no age."""
    described = api.get_openapi_schema(path_prefix="/api/")
    every: dict[str, dict[str, Any]] = described["components"]["schemas"]
    waiting = [
        operation["responses"]
        for methods in described["paths"].values()
        for operation in methods.values()
    ]
    seen: set[str] = set()
    while waiting:
        found = set(re.findall(r"#/components/schemas/(\w+)", str(waiting.pop()))) - seen
        seen |= found
        waiting += [every[name] for name in found]
    return {name: every[name] for name in seen}


def lacks(name: str, schema: dict[str, Any]) -> str:
    fields = set(schema.get("properties", ()))
    if not fields & STATES:
        return ""
    by = {"observed_by"} if name in ASKED_BY else {"observed_by", "source"}
    missing = [] if fields & AGES else ["observed_at"]
    return ", ".join(missing if fields & by else [*missing, " or ".join(sorted(by))])


def test_each_state_of_the_api_has_an_age_and_a_source() -> None:
    found = {name: lacks(name, schema) for name, schema in schemas().items()}
    lacking = {name: what for name, what in found.items() if what}
    assert {name: what for name, what in lacking.items() if name not in WITHOUT} == {}
    assert set(WITHOUT) - set(lacking) == set(), "take out of WITHOUT what has both by now"


def test_the_rule_finds_what_lacks_them() -> None:
    assert lacks("New", {"properties": {"state": {}, "source": {}}}) == "observed_at"
    assert (
        lacks("New", {"properties": {"status": {}, "observed_at": {}}}) == "observed_by or source"
    )
    told: dict[str, Any] = {"properties": {"status": {}, "observed_at": {}, "source": {}}}
    assert (lacks("New", told), lacks("OperationOut", told)) == ("", "observed_by")


# -- the pages -------------------------------------------------------------------------------

# Tags that write age and source themselves: each is drawn below.
TELLING = {
    "alert_pill", "backup_pill", "certificate_pill", "container_pill", "delivery_pill",
    "health_pill", "host_pill", "nas_pill", "need_pill", "node_pill", "operation_pill",
    "release_pill", "site_state",
}  # fmt: skip
TAG = re.compile(r"{%\s*(\w*pill\w*|site_state|site_count)\b([^%]*)%}")
UNTOLD: dict[tuple[str, str], str] = {
    ("console/container.html", "pill item.health"): "the state beside it has the age of both",
    ("console/container_row.html", "pill item.health"): "the state beside it has the age of both",
    ("console/entry_row.html", "pill entry.status"): "its row has a column for when, one for who",
    ("console/host_overview.html", "verdict_pill step.verdict"): "the heading has the test's age",
    ("console/wizard_test.html", "verdict_pill check.verdict"): "the heading has the test's age",
    ("console/overview.html", "pill_count state number"): "the sentence above has the age of all",
    ("console/overview.html", "site_count state number"): "the sentence above has the age of all",
    ("admin/monitoring/alert/alert.html", "severity_pill row"): "a rule's word, no observation",
    ("admin/monitoring/alert/change_list.html", "severity_pill row"): "a rule's word",
    ("admin/monitoring/rule/change_list.html", "severity_pill row"): "a setting of the rule",
    ("admin/monitoring/rule/change_list.html", 'pill "active" "on"'): "a setting of the rule",
    ("admin/monitoring/rule/change_list.html", 'pill "skipped" "off"'): "a setting of the rule",
    ("admin/monitoring/maintenance/change_list.html", "window_pill row"): "of its own two times",
    ("admin/monitoring/channel/channel.html", "channel_pill row"): "a setting of the channel",
    ("admin/monitoring/channel/change_list.html", "channel_pill row"): "a setting of the channel",
    ("console/graph.html", "tone_pill tone"): "a word of the legend, no observation",
    ("people/can.html", 'pill "passed" "yes"'): "a right, worked out for this page",
    ("people/can.html", 'pill "stopped" "no"'): "a right, worked out for this page",
    ("people/can.html", 'pill "passed" one.extent'): "a right, worked out for this page",
    ("people/user.html", 'pill "active" "active"'): "a setting of the account, no observation",
    ("people/user.html", 'pill "refused" "disabled"'): "a setting of the account",
    ("people/user.html", 'pill "accepted" "superuser"'): "a setting of the account",
}


def untold(text: str) -> Iterator[str]:
    for tag, arguments in TAG.findall(text):
        whole = not arguments.rstrip().endswith((".state", ".status"))  # it needs more than a word
        if (tag in TELLING and whole) or (" at=" in arguments and " source=" in arguments):
            continue
        yield f"{tag}{arguments}".replace(
            ' source="its health check, in the same read as its state"', ""
        ).strip()


def test_each_badge_of_a_page_has_an_age_and_a_source() -> None:
    root = Path("templates")
    found = {
        (str(file.relative_to(root)), tag)
        for file in root.rglob("*.html")
        for tag in untold(file.read_text())
    }
    assert found - set(UNTOLD) == set(), "give these at= and source=, or say in UNTOLD why not"
    assert set(UNTOLD) - found == set(), "take out of UNTOLD what is told by now"


def test_the_rule_finds_a_badge_without_them() -> None:
    assert list(untold('{% pill row.state %}{% pill x at=y source="z" %}')) == ["pill row.state"]
    assert list(untold("{% host_pill row %}{% pill_count a b %}")) == ["pill_count a b"]
    assert list(untold("{% operation_pill row.status %}")) == ["operation_pill row.status"]


def assert_told(drawn: str) -> None:
    assert re.search(r'<span class="pill"[^>]* title="[^"]+"', drawn), drawn
    assert re.search(r'<span class="age">(since )?(<span [^>]*>)?<time datetime', drawn), drawn


@pytest.mark.django_db
@pytest.mark.parametrize("fresh", [True, False])
def test_the_tags_that_tell_it_themselves(fresh: bool) -> None:
    now = timezone.now()
    host = make_host("web1", inventory_at=now if fresh else now - timedelta(hours=1))
    site = make_site(host, domain="shop.example.org")
    row = make_container(host, site=site)
    assert_told(console.host_pill(host))
    assert_told(console.container_pill(container_out(row)))
    assert_told(console.site_state(site_rows(EVERYTHING).get(), fresh))
    assert_told(console.release_pill(make_release(site)))
    operation = make_operation(row)
    for status in Operation.Status.values:
        operation.status = status
        assert_told(console.operation_pill(operation))
    told = certificate_out(Certificate.objects.live().get())
    assert_told(certificates.certificate_pill(told))
    answer = Answer(Found(fresh, ""), "a query", now, 1.0)
    assert_told(console.health_pill(part_out(answer, now=now)))
    alert = make_alert(row)
    for state in ("pending", "firing", "resolved"):
        alert.state, alert.resolved_at = state, now
        alert.unseen_since = None if fresh else now
        drawn = alerts.alert_pill(alert)
        assert_told(drawn)
    source = make_source(make_nas())
    assert_told(backups.backup_pill(backup_out(backed_up(site, source))))
    [nas] = sources_out(EVERYTHING)
    assert_told(backups.nas_pill(nas))
    (node,) = (one for one in graphs.shown(EVERYTHING, Wanted()).graph.of_kind(Kind.CONTAINER))
    assert_told(graph.node_pill(node_out(node)))
    need = Need(1, "host", 1, "failed", "", "web1", "", "", now, "a read", "/", "Open")
    assert_told(overview.need_pill(need))


@pytest.mark.django_db
def test_a_site_of_a_host_that_was_never_read_is_unknown_without_a_time() -> None:
    host = make_host("web1", inventory_at=None)
    make_site(host)
    drawn = console.site_state(site_rows(EVERYTHING).get(), False)
    assert 'data-state="unknown"' in drawn and "never seen" in drawn


def test_a_step_of_an_operation_has_its_own_times() -> None:
    now = timezone.now()
    step = {"status": "running", "started_at": now, "finished_at": None}
    assert_told(console.operation_pill(step))
    ended = SimpleNamespace(status="failed", created_at=now, started_at=now, finished_at=now)
    assert_told(console.operation_pill(ended))


# -- scripts ---------------------------------------------------------------------------------

PLAIN_IN_SCRIPTS = {
    "containers.js": 2,  # the state itself, which gets its age at once; one that was removed
    "dom.js": 1,  # toldPill is made of it
    "graph-panel.js": 1,  # what would be if something stopped
}


def test_scripts_draw_no_badge_without_them() -> None:
    folder = Path("siteflow/static/siteflow/js")
    calls = {
        file.name: len(re.findall(r"(?<!function )\bpill\(", file.read_text()))
        for file in folder.glob("*.js")
    }
    assert {name: count for name, count in calls.items() if count} == PLAIN_IN_SCRIPTS
