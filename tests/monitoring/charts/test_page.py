"""What the tab "metrics" is given: charts' numbers, the same as a table, and marks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.template.loader import render_to_string
from django.utils import timezone

from monitoring.charts import page
from monitoring.charts.ranges import SPANS
from monitoring.charts.shape import CHARTS
from monitoring.metrics import METRICS
from monitoring.models import Series
from provisioning.models import Operation
from sites.models import Container, Grant, Host, Site
from tests.monitoring.charts.made import make_history
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_release, make_site

pytestmark = pytest.mark.django_db
HOUR, YEAR = SPANS["1h"], SPANS["1y"]


@pytest.fixture
def host() -> Host:
    return make_host("web1")


@pytest.fixture
def site(host: Host) -> Site:
    return make_site(host, "shop")


@pytest.fixture
def row(host: Host, site: Site) -> Container:
    return make_container(host, site=site)


def series_of(row: Container) -> Series:
    return Series.objects.create(kind="container", host=row.host, container=row)


def operation(row: Container, kind: str, at: datetime, **values: Any) -> Operation:
    told: dict[str, Any] = {"target_type": "container", "target_id": row.pk} | values
    return Operation.objects.create(
        kind=kind, target_name="it", host=row.host, site=row.site, status="succeeded",
        created_at=at, started_at=at, deadline_at=at, source="console", actor_name="alice", **told,
    )  # fmt: skip


def labels(shown: page.Page) -> list[str]:
    return [mark.label for mark in shown.marks]


def test_every_line_of_a_chart_is_something_measured() -> None:
    for kind, charts in CHARTS.items():
        names = {line.metric for chart in charts for line in chart.lines}
        assert names <= METRICS["host" if kind == "system" else kind].keys(), kind
        assert len({chart.key for chart in charts}) == len(charts)


@pytest.mark.parametrize("key", SPANS)
def test_script_and_table_have_the_same_numbers(admin: User, row: Container, key: str) -> None:
    make_history(series_of(row), now=timezone.now())
    shown = page.of_container(admin, row, SPANS[key])
    data = json.loads(shown.data)
    lines = [line for chart in data["charts"] for line in chart["lines"]]
    assert len(shown.heads) == len(lines)
    assert 30 <= len(shown.rows) == len(data["at"]) <= 200
    for step, (_, cells) in enumerate(reversed(shown.rows)):
        assert [cell.avg for cell in cells] == [line["avg"][step] for line in lines]
        assert [cell.high for cell in cells] == [line["max"][step] for line in lines]
    assert None in lines[0]["avg"]  # the gap
    assert shown.measured
    assert bool(shown.topic) is (key == "1h")


def test_nothing_measured_is_nothing_and_not_zero(admin: User, row: Container) -> None:
    shown = page.of_container(admin, row, HOUR)
    data = json.loads(shown.data)
    assert not shown.measured
    assert {value for line in data["charts"][0]["lines"] for value in line["avg"]} == {None}


def test_a_host_has_its_disks_as_they_fill(admin: User, host: Host) -> None:
    for kind, mount in (("host", ""), ("disk", "/"), ("disk", "/srv")):
        series = Series.objects.create(kind=kind, host=host, mount=mount)
        make_history(series, now=timezone.now(), gaps=False)
    data = json.loads(page.of_host(admin, host, HOUR).data)
    disks = data["charts"][-1]
    assert [line["label"] for line in disks["lines"]] == ["/", "/srv"]
    assert all(0 < value < 100 for value in disks["lines"][0]["avg"])


def test_the_system_is_what_one_sees(admin: User, host: Host) -> None:
    make_history(Series.objects.create(kind="host", host=host), now=timezone.now(), gaps=False)
    shown = page.of_system(admin, HOUR)
    assert (shown.measured, shown.topic) == (True, "")
    nobody = User.objects.create_user("charlie")
    assert not page.of_system(nobody, HOUR).measured


def test_another_page_can_have_them_without_tabs(admin: User) -> None:
    text = render_to_string("console/charts.html", {"charts": page.of_system(admin, HOUR)})
    assert 'href="?range=7d"' in text
    assert 'data-chart="load"' in text


def test_marks_are_what_changed_something_there_and_then(admin: User, row: Container) -> None:
    now = timezone.now()
    assert row.site is not None
    other = make_container(row.host, "other", site=row.site)
    operation(row, "container.restart", now - timedelta(minutes=5))
    operation(row, "container.stop", now - timedelta(hours=3))
    operation(row, "host.refresh", now - timedelta(minutes=4))
    operation(other, "container.kill", now - timedelta(minutes=3))
    operation(row, "site.release", now - timedelta(minutes=2), target_type="site",
              target_id=row.site.pk)  # fmt: skip
    assert labels(page.of_container(admin, row, HOUR)) == ["Release it", "Restart it"]
    assert labels(page.of_site(admin, row.site, HOUR)) == ["Release it", "Kill it", "Restart it"]
    assert labels(page.of_host(admin, row.host, YEAR))[-1] == "Stop it"


def test_a_release_takes_the_place_of_the_operation_that_made_it(
    admin: User, row: Container
) -> None:
    assert row.site is not None
    done = operation(row, "site.release", timezone.now(), target_type="site", target_id=row.site.pk)
    make_release(row.site, 4, operation=done, created_by="alice")
    [mark] = page.of_site(admin, row.site, HOUR).marks
    assert (mark.label, mark.state, mark.by) == ("Release 4", "release", "alice")
    assert mark.url.endswith("/releases/4/")


def test_marks_are_only_what_one_may_see(row: Container) -> None:
    """charlie holds a role on the site: the operations of others on the host are not told."""
    assert row.site is not None
    charlie, alone = User.objects.create_user("charlie"), make_container(row.host, "alone")
    operation(alone, "container.restart", timezone.now())
    operation(row, "container.stop", timezone.now())
    viewer = Group.objects.get(name="viewer")
    Grant.objects.create(role=viewer, user=charlie, site=row.site)
    charlie = User.objects.get(pk=charlie.pk)
    assert labels(page.of_container(charlie, row, HOUR)) == ["Stop it"]
    assert labels(page.of_host(charlie, row.host, HOUR)) == ["Stop it"]
    assert labels(page.of_container(User.objects.create_user("bob"), row, HOUR)) == []


@pytest.mark.parametrize("kind", ["container", "site", "host"])
def test_the_tab_has_it_all_without_a_script(admin: User, row: Container, kind: str) -> None:
    make_history(series_of(row), now=timezone.now())
    operation(row, "container.restart", timezone.now() - timedelta(minutes=5))
    assert row.site is not None
    key = {"container": row.pk, "site": row.site.pk, "host": row.host.pk}[kind]
    path = f"/admin/sites/{kind}/{key}/change/"
    text = logged_in(admin).get(f"{path}?tab=metrics&range=7d").content.decode()
    assert 'data-topic=""' in text
    assert "vendor/uplot" in text
    assert "Restart it" in text
    text = logged_in(admin).get(f"{path}?tab=metrics").content.decode()
    topic = f"metrics.{key}" if kind == "container" else f"metrics.{kind}.{key}"
    assert f'data-topic="{topic}"' in text
    assert "vendor/uplot" not in logged_in(admin).get(path).content.decode()
    assert logged_in(admin).get(f"{path}?tab=metrics&range=3h").status_code == 404
