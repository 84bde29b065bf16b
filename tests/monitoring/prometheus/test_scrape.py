"""What is scraped, read back by Prometheus' own parser."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from audit.actor import Actor
from monitoring.history import writing
from monitoring.history.summaries import Summary, Summed
from monitoring.metrics import SeriesKey
from monitoring.models import Monitor
from provisioning.models import CertificateCheck, Operation
from siteflow.accounts import tokens
from sites.granting import give
from sites.models import Container, Host, Site
from tests.provisioning.rows import make_container, make_host, make_operation
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db

ACTOR = Actor(name="os:root", source="command")
HOSTILE = 'a"b\\c\n{evil="1"} 1 # \r\u2028é'
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


def token_of(user: User, *scopes: str) -> dict[str, str]:
    made = tokens.make(user, name="scrape", scopes=scopes or ["read"], expires_at=None, actor=ACTOR)
    return {"Authorization": f"Bearer {made[1]}"}


def scraped(user: User) -> Found:
    """Each sample by its name and labels; two of the same would be refused by Prometheus."""
    answer = Client().get("/metrics", headers=token_of(user))
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: Found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        assert family.documentation, family.name
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def value(found: Found, name: str, **labels: str) -> float | None:
    return found.get((f"siteflow_{name}", frozenset(labels.items())))


def names(found: Found) -> set[str]:
    return {name for name, _ in found}


def labels_of(found: Found, name: str) -> set[str]:
    return {dict(labels)["host"] for one, labels in found if one == f"siteflow_{name}"}


def measured(*keys: SeriesKey, at: datetime | None = None) -> None:
    """The minute before this one."""
    minute = (at or timezone.now()).replace(second=0, microsecond=0) - timedelta(minutes=1)
    numbers = {
        "cpu_percent": 150.0, "memory_bytes": 1024.0, "received_bytes_per_s": 10.0, "load1": 0.5,
        "used_bytes": 7.0, "total_bytes": 9.0,
    }  # fmt: skip
    summed = Summed(1, "cgroup", {name: Summary(1, mean, 300) for name, mean in numbers.items()})
    writing.write_minutes([(key, minute.timestamp(), summed) for key in keys])


def test_who_comes_in(client: Client, bob: User, charlie: User) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics").json()["error"]["code"] == "not_authenticated"
    guessed = {"Authorization": "Bearer sf_guessed"}
    assert client.get("/metrics", headers=guessed).status_code == 401
    assert client.get("/metrics", headers=token_of(bob, "audit")).status_code == 403
    assert client.get("/metrics", headers=token_of(charlie)).status_code == 403
    assert client.get("/metrics", headers=token_of(bob)).status_code == 200
    assert client.post("/metrics", headers=token_of(bob)).status_code == 405


def test_states_are_one_hot_and_what_is_not_seen_is_unknown(bob: User) -> None:
    web1 = make_host("web1")
    lost = make_host("web2", inventory_at=timezone.now() - timedelta(minutes=5))
    site = make_site(web1)
    for name, state in (("a", "running"), ("b", "exited")):
        make_container(web1, name, site=site, state=state)
    make_container(lost, "c", health="healthy")
    found = scraped(bob)
    assert value(found, "host_state", host="web1", state="reachable") == 1
    assert value(found, "host_state", host="web1", state="unknown") == 0
    assert value(found, "host_state", host="web2", state="unknown") == 1
    assert value(found, "host_state", host="web2", state="reachable") == 0
    of_site = {"host": "web1", "site": "shop", "project": "shop"}
    assert value(found, "site_state", **of_site, state="partial") == 1
    told = {"host": "web1", "site": "shop", "container": "a"}
    assert value(found, "container_state", **told, state="running") == 1
    told = {"host": "web2", "site": "", "container": "c"}
    assert value(found, "container_state", **told, state="unknown") == 1
    assert value(found, "container_state", **told, state="running") == 0
    assert value(found, "container_healthy", **told) is None
    assert value(found, "container_restarts", **told) is None
    read = value(found, "host_read_timestamp_seconds", host="web2")
    assert read is not None and timezone.now().timestamp() - read > 200


def test_readings_have_an_age_and_what_is_not_reached_has_none(bob: User) -> None:
    web1, web2 = make_host("web1"), make_host("web2")
    site = make_site(web1)
    here, there = make_container(web1, "a", site=site), make_container(web2, "b")
    measured(
        SeriesKey("host", web1.pk), SeriesKey("site", web1.pk, site.pk),
        SeriesKey("container", web1.pk, here.pk), SeriesKey("disk", web1.pk, 0, "/srv"),
        SeriesKey("host", web2.pk), SeriesKey("container", web2.pk, there.pk),
    )  # fmt: skip
    Host.objects.filter(pk=web2.pk).update(state="unreachable")
    found = scraped(bob)
    assert value(found, "host_cpu_cores", host="web1") == 1.5
    assert value(found, "host_load1", host="web1") == 0.5
    assert value(found, "host_disk_used_bytes", host="web1", mount="/srv") == 7
    of_site = {"host": "web1", "site": "shop", "project": "shop"}
    assert value(found, "site_memory_bytes", **of_site) == 1024
    of_container = {"host": "web1", "site": "shop", "container": "a"}
    assert value(found, "container_received_bytes_per_second", **of_container) == 10
    assert value(found, "container_sent_bytes_per_second", **of_container) is None
    until = value(found, "container_measured_timestamp_seconds", **of_container)
    assert until is not None and 0 <= timezone.now().timestamp() - until < 180
    told = {name for name in names(found) if "cpu" in name or "measured" in name or "disk" in name}
    assert {host for name in told for host in labels_of(found, name[9:])} == {"web1"}


def test_a_reading_of_long_ago_is_none(bob: User) -> None:
    web1 = make_host("web1")
    measured(SeriesKey("host", web1.pk), at=timezone.now() - timedelta(minutes=9))
    assert not {name for name in names(scraped(bob)) if "cpu" in name or "measured" in name}


def test_names_that_would_break_the_format_come_back_as_they_are(bob: User) -> None:
    host = make_host("web1")
    site = Site.objects.create(host=host, project=HOSTILE, name=HOSTILE)
    make_container(host, HOSTILE, site=site)
    found = scraped(bob)
    told = {"host": "web1", "site": HOSTILE, "container": HOSTILE, "state": "running"}
    assert value(found, "container_state", **told) == 1
    told = {"host": "web1", "site": HOSTILE, "project": HOSTILE, "state": "running"}
    assert value(found, "site_state", **told) == 1


def test_of_two_containers_with_one_name_the_newer_counts(bob: User) -> None:
    host = make_host("web1")
    make_container(host, "a", docker_id="1" * 64, state="exited")
    make_container(host, "a", docker_id="2" * 64)
    told = {"host": "web1", "site": "", "container": "a", "state": "running"}
    assert value(scraped(bob), "container_state", **told) == 1


def test_certificates_and_their_days(bob: User) -> None:
    now = timezone.now()
    host, lost = make_host("web1"), make_host("web2", state="unreachable")
    for on, domain in ((host, "good.example.org"), (lost, "lost.example.org")):
        row = make_site(on, domain[:4], domain=domain).domains.get()
        CertificateCheck.objects.create(
            domain=row, outcome="served", checked_at=now, tried_at=now, name_fits=True, same=True,
            not_before=now - timedelta(days=40), not_after=now + timedelta(days=50),
            soon_at=now + timedelta(days=29),
        )  # fmt: skip
    found = scraped(bob)
    good = {"host": "web1", "site": "good", "domain": "good.example.org"}
    assert value(found, "certificate_days_remaining", **good) == pytest.approx(50, abs=0.1)
    assert value(found, "certificate_state", **good, state="ok") == 1
    unseen = {"host": "web2", "site": "lost", "domain": "lost.example.org"}
    assert value(found, "certificate_days_remaining", **unseen) is None
    assert value(found, "certificate_state", **unseen, state="unknown") == 1
    assert value(found, "certificate_state", **unseen, state="ok") == 0
    assert value(found, "certificate_checked_timestamp_seconds", **unseen) is not None


def test_operations_the_queue_and_siteflow_itself(bob: User) -> None:
    now = timezone.now()
    container = make_container(make_host("web1", inventory_at=now - timedelta(seconds=4)))
    make_operation(container)
    failed, queued = make_operation(container), make_operation(container, "container.stop")
    Operation.objects.filter(pk=failed.pk).update(status="failed")
    since = now - timedelta(seconds=40)
    Operation.objects.filter(pk=queued.pk).update(status="queued", created_at=since)
    Monitor.objects.create(name="a", alive_until=now + timedelta(hours=1), swept_at=now)
    found = scraped(bob)
    assert value(found, "operations", kind="container.restart", status="succeeded") == 1
    assert value(found, "operations", kind="container.restart", status="failed") == 1
    assert value(found, "queue_operations", status="queued") == 1
    assert value(found, "queue_operations", status="running") == 0
    assert (value(found, "queue_wait_seconds") or 0) >= 40
    assert value(found, "monitors") == 1
    assert (value(found, "monitor_lag_seconds", host="web1") or 0) >= 4
    assert value(found, "monitor_sweep_age_seconds") is not None
    [build] = [labels for name, labels in found if name == "siteflow_build_info"]
    assert set(dict(build)) == {"version", "python"}


def test_a_token_tells_what_its_account_sees_and_no_more(charlie: User) -> None:
    host, other = make_host("web1"), make_host("web2")
    mine, foreign = make_site(host, "mine"), make_site(host, "foreign")
    for site in (mine, foreign):
        make_operation(make_container(host, f"{site.name}-web-1", site=site))
    make_container(other, "elsewhere")
    give(Group.objects.get(name="viewer"), to=charlie, on=mine, actor=ACTOR)
    found = scraped(charlie)
    told = {text for _, labels in found for text in dict(labels).values()}
    assert {"mine", "mine-web-1"} <= told
    assert not {"foreign", "foreign-web-1", "elsewhere", "web2"} & told
    assert value(found, "operations", kind="container.restart", status="succeeded") == 1
    assert not {name for name in names(found) if "monitor" in name or "canary" in name}
    assert value(found, "queue_operations", status="queued") == 0


def test_a_scrape_takes_as_many_queries_for_many_things(bob: User) -> None:
    def queries() -> int:
        headers = token_of(bob)
        Client().get("/metrics", headers=headers)  # notes that the token was used
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert Client().get("/metrics", headers=headers).status_code == 200
        return len(captured)

    def fill(first: int, number: int) -> None:
        for n in range(first, first + number):
            host = make_host(f"host{n}")
            site = make_site(host, f"site{n}", domain=f"site{n}.example.org")
            row = make_container(host, f"c{n}", site=site)
            make_operation(row, f"container.verb{n}")
            measured(SeriesKey("host", host.pk), SeriesKey("container", host.pk, row.pk))

    fill(0, 2)
    few = queries()
    fill(2, 12)
    assert queries() == few <= 20


def test_each_metric_stands_in_the_docs(bob: User) -> None:
    now = timezone.now()
    host = make_host("web1")
    site = make_site(host, "shop", domain="shop.example.org")
    row = make_container(host, "shop-web-1", site=site, health="healthy")
    Monitor.objects.create(name="a", alive_until=now + timedelta(hours=1), swept_at=now)
    measured(SeriesKey("host", host.pk), SeriesKey("container", host.pk, row.pk))
    docs = Path("docs/prometheus.md").read_text()
    assert _missing(names(scraped(bob)), docs) == []


def _missing(told: Iterable[str], docs: str) -> list[str]:
    """Those of several kinds of things stand there once, with `<of>` for the kind."""

    def stands(name: str) -> bool:
        forms = [name, *(name.replace(f"_{kind}_", "_<of>_") for kind in _KINDS)]
        return any(f"`{form}`" in docs for form in forms)

    return sorted(name for name in told if not stands(name))


_KINDS = ("host", "site", "container")


def test_containers_of_a_site_one_does_not_see_stay_out(charlie: User) -> None:
    """A role for a host's site reaches that host's name, and nothing else of it."""
    host = make_host("web1")
    site = make_site(host, "mine")
    make_container(host, "loose")
    give(Group.objects.get(name="viewer"), to=charlie, on=site, actor=ACTOR)
    found = scraped(charlie)
    assert not {name for name in names(found) if name.startswith("siteflow_host")}
    assert Container.objects.count() == 1 and "loose" not in str(found)
