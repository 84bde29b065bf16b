"""History as the API and the command tell it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import typer
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.history.levels import LEVELS
from monitoring.history.packing import packed
from monitoring.history.summaries import Summary, Summed
from monitoring.management.commands.metrics import wanted_of
from monitoring.models import Point, Series
from sites.models import Container, Grant, Host, Site
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


def begun(minutes_ago: int = 1, *, level: int = 0) -> datetime:
    """When the step began that holds this moment."""
    at_s = timezone.now().timestamp() - 60 * minutes_ago
    return datetime.fromtimestamp(LEVELS[level].begin(at_s), timezone.get_current_timezone())


def note(
    series: Series, at: datetime, values: Mapping[str, float], *, level: int = 0, minutes: int = 1
) -> None:
    summaries = {name: Summary(value - 1, value, value + 1) for name, value in values.items()}
    data = packed(series.kind, Summed(minutes, "cgroup", summaries))
    Point.objects.create(series=series, level=level, at=at, data=data)


@pytest.fixture
def container() -> Container:
    host = make_host()
    site = Site.objects.create(host=host, name="shop", project="shop")
    return make_container(host, "shop-web-1", site=site)


@pytest.fixture
def series(container: Container) -> Series:
    return Series.objects.create(kind="container", host_id=container.host_id, container=container)


def ask(user: User, path: str, **query: Any) -> Any:
    return logged_in(user).get(f"/api/metrics/{path}", query)


def test_an_hour_of_a_container(bob: User, container: Container, series: Series) -> None:
    at = begun(5)
    note(series, at, {"cpu_percent": 20, "memory_bytes": 1000})
    told = ask(bob, f"containers/{container.pk}").json()
    assert (told["kind"], told["name"]) == ("container", "shop-web-1")
    assert told["resolution_s"] == 60
    assert len(told["at"]) in (59, 60)
    step = [datetime.fromisoformat(each) for each in told["at"]].index(at)
    cpu = told["metrics"]["cpu_percent"]
    assert (cpu["min"][step], cpu["avg"][step], cpu["max"][step]) == (19, 20, 21)
    assert cpu["unit"] == "percent of one core"
    assert told["sources"][step] == "cgroup"


def test_what_was_not_measured_is_null(bob: User, container: Container, series: Series) -> None:
    note(series, begun(5), {"cpu_percent": 20})
    told = ask(bob, f"containers/{container.pk}").json()
    assert sum(value is not None for value in told["metrics"]["cpu_percent"]["avg"]) == 1
    assert set(told["metrics"]["memory_bytes"]["avg"]) == {None}
    assert told["sources"].count(None) == len(told["at"]) - 1


def test_what_was_never_measured_is_all_null(bob: User, container: Container) -> None:
    for path in (f"containers/{container.pk}", f"sites/{container.site_id}", "system"):
        told = ask(bob, path).json()
        assert set(told["metrics"]["cpu_percent"]["avg"]) == {None}


def test_a_day_is_read_from_coarser_steps(bob: User, container: Container, series: Series) -> None:
    at = begun(60, level=2)
    note(series, at, {"cpu_percent": 3}, level=2, minutes=20)
    begin = timezone.now() - timedelta(days=1)
    told = ask(bob, f"containers/{container.pk}", **{"from": begin.isoformat()}).json()
    assert told["resolution_s"] == 1200
    assert {3.0, None} == set(told["metrics"]["cpu_percent"]["avg"])


def test_a_resolution_is_kept_to(bob: User, container: Container) -> None:
    told = ask(bob, f"containers/{container.pk}", resolution=600).json()
    assert told["resolution_s"] == 600
    assert len(told["at"]) <= 7


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2031-01-02", "to": "2031-01-01"},
        {"from": "yesterday"},
        {"resolution": 0},
        {"resolution": "1e9"},
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_said(
    bob: User, container: Container, query: dict[str, str]
) -> None:
    response = ask(bob, f"containers/{container.pk}", **query)
    assert response.status_code == 422


@pytest.mark.parametrize("begin", ["0001-01-01", "1969-12-31", "9999-12-31"])
@pytest.mark.parametrize("end", ["0001-01-02", "9999-12-31T23:59:59-23:59", ""])
def test_any_time_may_be_asked_for(bob: User, container: Container, begin: str, end: str) -> None:
    query = {"from": begin, **({"to": end} if end else {})}
    response = ask(bob, f"containers/{container.pk}", **query)
    assert response.status_code in (200, 422)
    if response.status_code == 200:
        assert len(response.json()["at"]) <= 1100


def test_a_host_with_its_disks(bob: User, container: Container) -> None:
    host = Series.objects.create(kind="host", host_id=container.host_id)
    disk = Series.objects.create(kind="disk", host_id=container.host_id, mount="/srv")
    note(host, begun(3), {"cpu_percent": 120, "load1": 2})
    note(disk, begun(3), {"used_bytes": 7, "total_bytes": 9})
    told = ask(bob, f"hosts/{container.host_id}").json()
    assert 120 in told["metrics"]["cpu_percent"]["avg"]
    assert [each["mount"] for each in told["disks"]] == ["/srv"]
    assert 7 in told["disks"][0]["metrics"]["used_bytes"]["avg"]


def test_the_system_is_the_sum_of_its_hosts(bob: User, container: Container) -> None:
    at = begun(3)
    for host in (Host.objects.get(), make_host("web2")):
        series = Series.objects.create(kind="host", host=host)
        note(series, at, {"cpu_percent": 50})
    note(series, begun(2), {"cpu_percent": 10})
    with CaptureQueriesContext(connection):
        told = ask(bob, "system").json()
    measured = [
        (value, hosts)
        for value, hosts in zip(told["metrics"]["cpu_percent"]["avg"], told["hosts"], strict=True)
        if hosts
    ]
    assert measured == [(100, 2), (10, 1)]


def test_nobody_sees_what_he_has_no_role_for(charlie: User, container: Container) -> None:
    assert ask(charlie, f"containers/{container.pk}").status_code == 404
    assert ask(charlie, f"sites/{container.site_id}").status_code == 404
    assert ask(charlie, f"hosts/{container.host_id}").status_code == 404
    assert ask(charlie, "system").status_code == 403


def test_the_system_is_what_one_sees_of_it(
    alice: User, charlie: User, container: Container
) -> None:
    """A role on one host: the other one is in no sum. A role on a site alone is none on hosts."""
    at, seen = begun(3), container.host
    for host in (seen, make_host("web2")):
        note(Series.objects.create(kind="host", host=host), at, {"cpu_percent": 50})
    operator = Group.objects.get(name="operator")
    grant = Grant.objects.create(role=operator, user=charlie, host=seen)
    told = ask(charlie, "system").json()
    assert max(told["hosts"]) == 1
    assert [each for each in told["metrics"]["cpu_percent"]["avg"] if each] == [50]
    grant.delete()
    Grant.objects.create(role=operator, user=charlie, site=container.site)
    assert ask(charlie, f"sites/{container.site_id}").status_code == 200
    assert ask(charlie, f"containers/{container.pk}").status_code == 200
    assert ask(charlie, f"hosts/{container.host_id}").status_code == 404


def test_all_of_it_is_described(bob: User) -> None:
    described = logged_in(bob).get("/api/openapi.json").json()
    for kind in ("containers/{container_id}", "sites/{site_id}", "hosts/{host_id}", "system"):
        asked = described["paths"][f"/api/metrics/{kind}"]["get"]
        names = {each["name"] for each in asked["parameters"]}
        assert names >= {"from", "to", "resolution"}
    assert described["components"]["schemas"]["MetricsOut"]["properties"].keys() >= {
        "from",
        "to",
        "resolution_s",
        "at",
        "sources",
        "metrics",
    }


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("metrics", *words, stdout=out)
    return out.getvalue()


def test_the_command_shows_a_table(container: Container, series: Series) -> None:
    note(series, begun(5), {"cpu_percent": 20, "memory_bytes": 3 * 1024**2})
    text = said("container", "shop-web-1")
    assert "cpu %" in text
    assert "20.0" in text
    assert "3.0 MiB" in text
    assert "cgroup" in text


@pytest.mark.parametrize(
    "words", [("container", "shop-web-1"), ("site", "shop"), ("host", "web1"), ("system",)], ids=str
)
def test_the_command_and_the_api_say_the_same(
    bob: User, container: Container, series: Series, words: tuple[str, ...]
) -> None:
    note(series, begun(5), {"cpu_percent": 20})
    keys = {
        "container": f"containers/{container.pk}",
        "site": f"sites/{container.site_id}",
        "host": f"hosts/{container.host_id}",
        "system": "system",
    }
    told = json.loads(said(*words, "--json"))
    shown = ask(bob, keys[words[0]]).json()
    assert told.keys() == shown.keys()
    assert told["metrics"].keys() == shown["metrics"].keys()
    assert told["name"] == shown["name"]


@pytest.mark.parametrize("back", ["", "h", "1", "1m", "-1h", "1e3h", "٣h", "999999h"])
def test_a_range_that_is_none(back: str) -> None:
    with pytest.raises(typer.BadParameter):
        wanted_of(back, None)
