"""The table of containers, the page of one, and sites: what is shown, to whom, at what cost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import engine
from provisioning.models import Operation
from sites.models import Container, Host, Site
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db
LIST = "admin:sites_container_changelist"
PAGE = "admin:sites_container_change"
DO = "admin:sites_container_do"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def web1() -> Host:
    return make_host("web1")


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200, answer
    return [item["name"] for item in answer.context["items"]]


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def fill(host: Host, count: int) -> None:
    now = timezone.now()
    Container.objects.bulk_create(
        Container(
            host=host,
            docker_id=f"{number:064x}",
            name=f"c{number:05}",
            state="running",
            state_since=now,
            observed_at=now,
            source="read",
            ports=[{"private": 80, "public": 8000, "protocol": "tcp", "address": "0.0.0.0"}],  # noqa: S104
        )
        for number in range(count)
    )


def test_filters_in_the_address_narrow_the_list(bob: User, web1: Host) -> None:
    web2 = make_host("web2")
    site = Site.objects.create(host=web1, project="shop", name="shop")
    make_container(web1, "a", site=site, health="healthy")
    make_container(web1, "b", state="exited", exit_code=1)
    make_container(web2, "c", health="unhealthy", image="nginx:1.27")
    client = logged_in(bob)
    assert listed(client) == ["a", "b", "c"]
    assert listed(client, state="exited") == ["b"]
    assert listed(client, health="healthy") == ["a"]
    assert listed(client, health="none") == ["b"]
    assert listed(client, host="web2") == ["c"]
    assert listed(client, site=site.pk) == ["a"]
    assert listed(client, state="attention") == ["b", "c"]
    assert listed(client, q="nginx") == ["c"]
    assert listed(client, q="web1 a") == ["a"]
    assert listed(client, host="web1", state="running") == ["a"]


@pytest.mark.parametrize("site", ["x", "1; drop", "9" * 40])
def test_a_site_that_is_not_there_finds_nothing(site: str, bob: User, web1: Host) -> None:
    make_container(web1)
    assert listed(logged_in(bob), site=site) == []


def test_filters_show_as_chips_that_take_them_off(bob: User, web1: Host) -> None:
    make_container(web1)
    shown = text_of(logged_in(bob), f"{reverse(LIST)}?host=web1&state=running&q=shop")
    chips = dict(
        re.findall(r'class="chip" href="([^"]*)" aria-label="Remove the filter ([^"]*)"', shown)
    )
    assert sorted(chips.values()) == ["Host: web1", "State: running", "“shop”"]
    by_label = {label: address for address, label in chips.items()}
    assert "host" not in by_label["Host: web1"]
    assert "state=running" in by_label["Host: web1"]


def test_the_columns_heads_sort(bob: User, web1: Host) -> None:
    now = timezone.now()
    make_container(web1, "a", state="running", state_since=now)
    make_container(web1, "b", state="exited", state_since=now - timedelta(days=2))
    make_container(web1, "c", state="paused", state_since=now - timedelta(days=9))
    client = logged_in(bob)
    assert by_head(client, "state") == ["b", "c", "a"]
    assert by_head(client, "since") == ["a", "b", "c"], "the youngest state first"
    assert by_head(client, "host") == ["a", "b", "c"]


def by_head(client: Client, text: str) -> list[str]:
    """The list after a click on the head of a column."""
    heads = result_headers(client.get(reverse(LIST)).context["cl"])
    address = next(head["url_primary"] for head in heads if head["text"] == text)
    return [item["name"] for item in client.get(f"{reverse(LIST)}{address}").context["items"]]


def test_a_page_has_fifty_rows(bob: User, web1: Host) -> None:
    fill(web1, 120)
    client = logged_in(bob)
    assert len(listed(client)) == 50
    assert listed(client, p=3)[0] == "c00100"
    assert "1–50 of 120" in text_of(client, reverse(LIST))


@pytest.mark.parametrize("query", [{}, {"q": "c0001"}, {"state": "running"}, {"o": "2"}])
def test_the_number_of_queries_does_not_grow_with_the_table(
    query: dict[str, str], alice: User, web1: Host
) -> None:
    client = logged_in(alice)
    counts = []
    for count in (100, 1_900):
        fill_more(web1, count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed(client, **query)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, queries.captured_queries


def fill_more(host: Host, count: int) -> None:
    Container.objects.all().delete()
    fill(host, count)


def test_buttons_are_for_those_who_may(alice: User, bob: User, web1: Host) -> None:
    row = make_container(web1)
    for address in (reverse(LIST), reverse(PAGE, args=[row.pk])):
        restart = reverse(DO, args=[row.pk, "container.restart"])
        assert restart in text_of(logged_in(alice), address)
        assert "/do/" not in text_of(logged_in(bob), address)
        assert 'name="_selected_action"' not in text_of(logged_in(bob), address)


def test_only_buttons_that_suit_the_state_are_shown(alice: User, web1: Host) -> None:
    running, ended = make_container(web1, "a"), make_container(web1, "b", state="exited")

    def offered(row: Container) -> set[str]:
        shown = text_of(logged_in(alice), reverse(PAGE, args=[row.pk]))
        actions = shown[shown.index('id="container-actions"') :]
        tags = re.findall(r"<(?:button|a)\b[^>]*/do/container\.(\w+)/[^>]*>", actions)
        hidden = re.findall(r"<(?:button|a)\b[^>]*/do/container\.(\w+)/[^>]* hidden>", actions)
        return set(tags) - set(hidden)

    assert offered(running) == {"stop", "restart", "kill", "pause", "remove"}
    assert offered(ended) == {"start", "restart", "remove"}


def test_a_button_starts_one_operation_and_leads_to_it(alice: User, web1: Host) -> None:
    row = make_container(web1)
    answer = logged_in(alice).post(reverse(DO, args=[row.pk, "container.restart"]))
    operation = Operation.objects.get()
    assert (operation.kind, operation.target_id) == ("container.restart", row.pk)
    assert (operation.actor_name, operation.source) == ("alice", "console")
    assert operation.params == {"grace_s": 10}
    page = reverse("admin:provisioning_operation_change", args=[operation.pk])
    assert (answer.status_code, answer["Location"]) == (302, page)


def test_a_script_gets_the_operation_as_json(alice: User, web1: Host) -> None:
    row = make_container(web1)
    address = reverse(DO, args=[row.pk, "container.stop"])
    answer = logged_in(alice).post(address, headers={"Accept": "application/json"})
    assert answer.status_code == 202
    assert answer.json()["id"] == Operation.objects.get().pk
    assert answer.json()["label"] == "Stop shop-web-1"


def test_who_may_not_is_told_so_in_both_ways(bob: User, web1: Host) -> None:
    row = make_container(web1)
    address = reverse(DO, args=[row.pk, "container.stop"])
    assert logged_in(bob).get(address).status_code == 403
    assert logged_in(bob).post(address).status_code == 403
    answer = logged_in(bob).post(address, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"
    assert not Operation.objects.exists()


def test_a_busy_container_says_who_holds_it(alice: User, web1: Host) -> None:
    row = make_container(web1)
    held = engine.start("container.stop", row, actor=COMMAND)
    client, address = logged_in(alice), reverse(DO, args=[row.pk, "container.restart"])
    answer = client.post(address, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json()["error"]["details"]["operation"] == str(held.pk)
    page = client.post(address)
    assert page.status_code == 409
    assert "os:root started container.stop" in page.content.decode()
    assert reverse("admin:provisioning_operation_change", args=[held.pk]) in page.content.decode()


def test_options_are_taken_from_the_form(alice: User, web1: Host) -> None:
    row = make_container(web1)
    address = reverse(DO, args=[row.pk, "container.stop"])
    assert 'name="grace_s" value="10"' in text_of(logged_in(alice), address)
    logged_in(alice).post(address, {"asked": "1", "grace_s": "3"})
    assert Operation.objects.get().params == {"grace_s": 3}


def test_a_bad_option_is_said_at_the_form(alice: User, web1: Host) -> None:
    row = make_container(web1)
    address = reverse(DO, args=[row.pk, "container.stop"])
    answer = logged_in(alice).post(address, {"asked": "1", "grace_s": "9999"})
    assert answer.status_code == 422
    assert "grace_s" in answer.content.decode()
    assert not Operation.objects.exists()


def test_removing_asks_for_the_name_and_says_what_is_lost(alice: User, web1: Host) -> None:
    row = make_container(web1)
    client, address = logged_in(alice), reverse(DO, args=[row.pk, "container.remove"])
    assert "What will be lost" in text_of(client, address)
    wrong = client.post(address, {"asked": "1", "confirm_name": "shop"})
    assert wrong.status_code == 422
    assert not Operation.objects.exists()
    client.post(address, {"asked": "1", "confirm_name": "shop-web-1", "force": "on"})
    assert Operation.objects.get().params == {"force": True}


@pytest.mark.parametrize("kind", ["host.test", "container.fly", "host.add"])
def test_there_are_no_other_actions(kind: str, alice: User, web1: Host) -> None:
    row = make_container(web1)
    assert logged_in(alice).post(reverse(DO, args=[row.pk, kind])).status_code == 404


@pytest.mark.parametrize("key", ["0", "999999", "9" * 30, "x"])
def test_a_container_that_is_not_there(key: str, bob: User) -> None:
    assert logged_in(bob).get(f"/admin/sites/container/{key}/change/").status_code == 404


def test_what_hosts_say_is_only_ever_text(alice: User, web1: Host) -> None:
    site = Site.objects.create(host=web1, project=EVIL, name=EVIL, working_dir=EVIL)
    row = make_container(
        web1, EVIL, docker_id="f" * 64, site=site, image=EVIL, labels={EVIL: EVIL},
        health=EVIL[:12], compose_project=EVIL, compose_service=EVIL,
        ports=[{"private": 1, "public": 2, "protocol": EVIL, "address": EVIL}],
    )  # fmt: skip
    Host.objects.update(error=EVIL, advice=EVIL, preflight=[_step()], services=[_service()])
    engine.start("container.restart", row, actor=COMMAND)
    client = logged_in(alice)
    for address in (
        reverse("admin:index"),
        reverse(LIST),
        *(
            f"{reverse(PAGE, args=[row.pk])}?tab={tab}"
            for tab in ("overview", "operations", "audit")
        ),
        reverse(DO, args=[row.pk, "container.remove"]),
        reverse("admin:sites_site_changelist"),
        reverse("admin:sites_site_change", args=[site.pk]),
        reverse("admin:sites_host_change", args=[web1.pk]),
        f"{reverse('admin:sites_host_change', args=[web1.pk])}?tab=services",
        reverse("admin:provisioning_operation_changelist"),
        reverse("admin:audit_entry_changelist"),
        f"{reverse(LIST)}?q={EVIL}&host={EVIL}&state={EVIL}&site={EVIL}",
    ):
        shown = text_of(client, address)
        assert "<script>alert" not in shown, address
        assert "<img src=x" not in shown, address


def _step() -> dict[str, Any]:
    return {"name": EVIL, "verdict": EVIL, "message": EVIL, "code": EVIL, "advice": EVIL}


def _service() -> dict[str, str]:
    return {"name": EVIL, "active": EVIL, "sub": EVIL, "load": EVIL, "description": EVIL}


def test_a_host_that_is_out_of_sight_makes_its_rows_unknown(bob: User, web1: Host) -> None:
    row = make_container(web1, health="healthy")
    since = timezone.now() - timedelta(minutes=34)
    Host.objects.update(state="unreachable", inventory_at=since)
    Container.objects.update(observed_at=since)
    client = logged_in(bob)
    assert listed(client, state="running") == []
    assert listed(client, state="unknown") == [row.name]
    shown = text_of(client, reverse(LIST))
    assert 'data-state="unknown"' in shown
    assert 'data-last-state="running"' in shown
    assert f'<time datetime="{since.isoformat()}" data-moment="short"' in shown
    assert "state is unknown since" in text_of(client, reverse(PAGE, args=[row.pk]))


def test_a_row_carries_what_the_page_s_script_needs(bob: User, web1: Host) -> None:
    row = make_container(web1, version=7)
    shown = text_of(logged_in(bob), reverse(LIST))
    found = re.search(rf'<tr id="container-{row.pk}"([^>]*)>', shown)
    assert found
    data = dict(re.findall(r'data-([\w-]+)="([^"]*)"', found[1]))
    assert data["version"] == "7"
    assert (data["id"], data["host"]) == (str(row.pk), str(web1.pk))
    assert (data["state"], data["known"]) == ("running", "yes")


def test_an_operation_under_way_shows_in_its_row(bob: User, web1: Host) -> None:
    row, other = make_container(web1, "a"), make_container(web1, "b")
    operation = engine.start("container.restart", row, actor=COMMAND)
    engine.start("container.stop", other, actor=COMMAND)
    Operation.objects.exclude(pk=operation.pk).update(status="succeeded")
    answer = logged_in(bob).get(reverse(LIST))
    assert list(answer.context["under_way"]) == [row.pk]
    assert reverse("admin:provisioning_operation_change", args=[operation.pk]) in (
        answer.content.decode()
    )


def test_a_restarting_container_says_why_it_needs_a_look(bob: User, web1: Host) -> None:
    row = make_container(web1, state="exited", exit_code=137)
    assert "exited with code 137" in text_of(logged_in(bob), reverse(PAGE, args=[row.pk]))


def test_a_site_shows_how_many_of_its_containers_run(bob: User, web1: Host) -> None:
    site = Site.objects.create(host=web1, project="shop", name="shop")
    make_container(web1, "a", site=site)
    make_container(web1, "b", site=site, state="exited")
    client, page = logged_in(bob), reverse("admin:sites_site_change", args=[site.pk])
    for address in (reverse("admin:sites_site_changelist"), page):
        shown = text_of(client, address)
        assert "1 of 2 running" in shown
        assert "nmanaged" in shown
    Host.objects.update(state="unreachable")
    assert "1 of 2 running" not in text_of(client, page)
