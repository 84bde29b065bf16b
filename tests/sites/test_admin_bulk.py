"""One verb on many containers: the plan, the confirmation, the operations."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from provisioning import engine
from provisioning.models import Operation
from sites.models import Container, Host
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db
BULK = "admin:sites_container_bulk"


@pytest.fixture
def web1() -> Host:
    return make_host("web1")


def ticked(*rows: Container, action: str, **more: Any) -> dict[str, Any]:
    """What the list posts."""
    return {"action": action, "index": 0, "_selected_action": [row.pk for row in rows], **more}


def test_first_comes_a_plan_that_starts_nothing(alice: User, web1: Host) -> None:
    running, ended = make_container(web1, "a"), make_container(web1, "b", state="exited")
    page = reverse("admin:sites_container_changelist")
    answer = logged_in(alice).post(page, ticked(running, ended, action="stop"))
    assert answer.status_code == 200
    assert [row.name for row in answer.context["fit"]] == ["a"]
    assert [row.name for row in answer.context["unfit"]] == ["b"]
    assert not Operation.objects.exists()


def test_the_plan_is_carried_out_as_one_batch(alice: User, web1: Host) -> None:
    rows = [make_container(web1, name) for name in ("a", "b")]
    data = {"key": [row.pk for row in rows], "grace_s": "2"}
    answer = logged_in(alice).post(reverse(BULK, args=["container.stop"]), data)
    started = list(Operation.objects.order_by("target_name"))
    assert [row.target_name for row in started] == ["a", "b"]
    assert {row.params["grace_s"] for row in started} == {2}
    assert len({row.batch for row in started}) == 1
    assert answer["Location"].endswith(f"?batch={started[0].batch}")
    page = logged_in(alice).get(answer["Location"])
    assert page.context["cl"].result_count == 2


def test_removing_many_asks_for_their_number(alice: User, web1: Host) -> None:
    rows = [make_container(web1, name) for name in ("a", "b")]
    client, address = logged_in(alice), reverse(BULK, args=["container.remove"])
    keys = [row.pk for row in rows]
    for wrong in ("", "3", "two"):
        answer = client.post(address, {"key": keys, "confirm_count": wrong})
        assert answer.status_code == 422
        assert not Operation.objects.exists()
    client.post(address, {"key": keys, "confirm_count": "2"})
    assert Operation.objects.count() == 2


def test_what_is_busy_is_named_and_the_others_begin(alice: User, web1: Host) -> None:
    free, busy = make_container(web1, "a"), make_container(web1, "b")
    engine.start("container.stop", busy, actor=COMMAND)
    data = {"key": [free.pk, busy.pk]}
    answer = logged_in(alice).post(reverse(BULK, args=["container.restart"]), data, follow=True)
    assert Operation.objects.filter(kind="container.restart").count() == 1
    assert "b is busy" in answer.content.decode()


def test_all_that_match_a_filter_can_be_chosen(alice: User, web1: Host) -> None:
    rows = [make_container(web1, f"c{number:03}") for number in range(60)]
    make_container(web1, "other", state="exited")
    page = f"{reverse('admin:sites_container_changelist')}?state=running"
    answer = logged_in(alice).post(page, ticked(rows[0], action="restart", select_across=1))
    assert len(answer.context["fit"]) == 60


def test_too_many_at_once_are_refused(
    alice: User, web1: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sites.admin.containers.MAX_TARGETS", 2)
    rows = [make_container(web1, name) for name in ("a", "b", "c")]
    page = reverse("admin:sites_container_changelist")
    answer = logged_in(alice).post(page, ticked(*rows, action="stop"), follow=True)
    assert "At most 2 containers at once" in answer.content.decode()


def test_a_viewer_has_no_bulk_actions(bob: User, web1: Host) -> None:
    row = make_container(web1)
    client = logged_in(bob)
    client.post(reverse("admin:sites_container_changelist"), ticked(row, action="stop"))
    client.post(reverse(BULK, args=["container.stop"]), {"key": [row.pk]})
    assert not Operation.objects.exists()


@pytest.mark.parametrize("key", ["x", "9" * 40, "-1", ""])
def test_keys_that_are_none_start_nothing(key: str, alice: User, web1: Host) -> None:
    answer = logged_in(alice).post(reverse(BULK, args=["container.stop"]), {"key": key})
    assert answer.status_code == 302
    assert not Operation.objects.exists()
