"""The page, the API and the command say the same, in as many queries for much as for little."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from monitoring.history import writing
from monitoring.history.summaries import Summary, Summed
from monitoring.metrics import SeriesKey
from monitoring.models import Monitor
from provisioning import engine
from provisioning.models import Operation
from siteflow.overview.api import OverviewOut
from sites.granting import give
from sites.models import Host
from tests.monitoring.alerts.things import make_alert
from tests.people import logged_in
from tests.provisioning.backups.things import backed_up, make_nas, make_source
from tests.provisioning.rows import COMMAND, make_container, make_host, make_operation
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db
PAGE = "/admin/"


def shown_to(user: User) -> str:
    text: str = logged_in(user).get(PAGE).content.decode()
    return text


def measured(host: Host, *, used: float = 95.0) -> None:
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    own = {"cpu_percent": 150.0, "memory_bytes": 1.0, "memory_limit_bytes": 4.0, "load1": 1.25}
    disk = {"used_bytes": used, "total_bytes": 100.0}
    writing.write_minutes([
        (SeriesKey("host", host.pk), minute.timestamp(), _summed(own)),
        (SeriesKey("disk", host.pk, 0, "/"), minute.timestamp(), _summed(dict(disk, used_bytes=9))),
        (SeriesKey("disk", host.pk, 0, "/srv"), minute.timestamp(), _summed(disk)),
    ])  # fmt: skip


def _summed(values: dict[str, float]) -> Summed:
    return Summed(1, "cgroup", {name: Summary(0, mean, 999) for name, mean in values.items()})


def test_the_first_page_of_an_empty_console_says_what_to_do(admin: User, bob: User) -> None:
    Monitor.objects.create(name="a", alive_until=timezone.now() + timedelta(hours=1))
    assert reverse("admin:sites_host_set_up") in shown_to(admin)
    shown = shown_to(bob)
    assert "Ask an administrator to add a host" in shown
    assert reverse("admin:sites_host_set_up") not in shown


def test_who_sees_a_site_only_is_not_told_to_add_a_host(charlie: User) -> None:
    site = make_site(make_host("web1"), "mine")
    give(Group.objects.get(name="viewer"), to=charlie, on=site, actor=COMMAND)
    shown = shown_to(charlie)
    assert "first host" not in shown and "Nothing needs you: 0 of 1 site" in shown


def test_hosts_show_what_they_use_and_the_fullest_disk(bob: User) -> None:
    host = make_host("web1", facts={"cpus": 2})
    measured(host)
    shown = shown_to(bob)
    assert "load 1.25" in shown
    for name, percent in (("CPU", 75), ("Memory", 25), ("Disk", 95)):
        assert f'value="{percent}"' in shown and f'aria-label="{name} of web1 in use' in shown
    assert "/srv" in shown
    Host.objects.filter(pk=host.pk).update(state="unreachable")
    shown = shown_to(bob)
    assert "load 1.25" not in shown and "not measured" in shown, "what nobody sees is not told"


def test_hosts_are_shown_worst_first(bob: User) -> None:
    for name, state in (("a", "reachable"), ("b", "new"), ("c", "key_changed"), ("d", "no_docker")):
        make_host(name, state=state)
    machines = logged_in(bob).get(PAGE).context["told"].machines
    assert [machine.row.name for machine in machines] == ["c", "d", "b", "a"]


def test_failed_operations_lead_to_their_page(bob: User) -> None:
    container = make_container(make_host())
    row = engine.start("container.stop", container, actor=COMMAND)
    Operation.objects.filter(pk=row.pk).update(status="failed", message="It would not stop.")
    shown = shown_to(bob)
    assert "It would not stop." in shown
    assert reverse("admin:provisioning_operation_change", args=[row.pk]) in shown


def test_the_last_changes_tell_who_did_what(admin: User, bob: User) -> None:
    tag = ["host", "tag", "web1", "eu"]
    make_host("web1")
    call_command(*tag, stdout=StringIO())
    assert "Tag web1" in shown_to(admin) and "os:" in shown_to(admin)


def test_what_hosts_say_is_text(bob: User) -> None:
    evil = '"><script>alert(1)</script>'
    host = make_host("web1", state="unreachable", error=evil)
    make_container(make_host("web2"), evil, health="unhealthy")
    assert "<script>alert(1)" not in shown_to(bob)
    assert host.error in json.dumps(logged_in(bob).get("/api/overview").json()).replace("\\", "")


def test_the_api_says_what_it_promises(bob: User, admin: User) -> None:
    host = make_host("web1", facts={"cpus": 2})
    measured(host)
    make_host("web2", state="unreachable")
    row = make_container(host, "ill", health="unhealthy")
    make_operation(row)
    told = logged_in(admin).get("/api/overview").json()
    OverviewOut.model_validate(told)
    assert told["state"] == "attention" and told["total"] == len(told["needs"]) == 3
    assert told["needs"][1]["title"] == "web2"
    assert told["needs"][1]["act"] == {"kind": "host.test", "label": "Test"}
    assert told["machines"][1]["used"][2] == {"name": "Disk", "percent": 95.0, "mount": "/srv"}
    assert logged_in(bob).get("/api/overview").json()["total"] == 2


def test_the_command_says_it_with_its_exit_code() -> None:
    host = make_host("web1")
    Monitor.objects.create(name="a", alive_until=timezone.now() + timedelta(hours=1))
    out = StringIO()
    call_command("overview", stdout=out)
    assert out.getvalue().startswith("All is well: 1 host without sites, as of ")
    Host.objects.filter(pk=host.pk).update(state="unreachable", error="no route")
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("overview", stdout=out)
    assert ended.value.returncode == 1
    assert "1 thing needs you: web1 is unreachable since" in out.getvalue()
    assert "no route" in out.getvalue()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("overview", "--json", stdout=out)
    assert json.loads(out.getvalue())["needs"][0]["title"] == "web1"


def test_much_takes_as_many_queries_as_little(admin: User) -> None:
    client = logged_in(admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    def fill(first: int, number: int) -> None:
        for n in range(first, first + number):
            host = make_host(f"host{n}")
            site = make_site(host, f"site{n}", domain=f"site{n}.example.org")
            make_operation(make_container(host, f"c{n}", site=site, health="unhealthy"))
            measured(host)
            backed_up(site, source, hours=90)
            make_alert(make_container(host, f"down{n}"), state="firing")

    source = make_source(make_nas())
    make_host("lost", state="unreachable")
    fill(0, 2)
    few = queries()
    fill(2, 10)
    assert queries() == few <= 36


def test_the_page_works_without_scripts(bob: User) -> None:
    """Everything it says is in what the server sends, and what can be done is links and forms."""
    make_host("web1", state="unreachable")
    shown: Any = logged_in(bob).get(PAGE).content.decode()
    assert "needs you: web1 is unreachable since" in shown
    assert 'class="when-stale' in shown
