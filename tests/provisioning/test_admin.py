"""Operations in the console: the list, the page of one, cancel and retry."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import engine
from provisioning.models import Operation, OutputLine, Step
from sites.models import Container
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db
LIST = "admin:provisioning_operation_changelist"
PAGE = "admin:provisioning_operation_change"


@pytest.fixture
def container() -> Container:
    return make_container(make_host())


@pytest.fixture
def running(container: Container) -> Operation:
    return engine.start("container.restart", container, actor=COMMAND)


def ended(row: Operation, status: str = "failed", **values: Any) -> Operation:
    now = timezone.now()
    Operation.objects.filter(pk=row.pk).update(
        status=status, started_at=now, finished_at=now, **values
    )
    row.refresh_from_db()
    return row


def shown(client: Client, row: Operation) -> str:
    return client.get(reverse(PAGE, args=[row.pk])).content.decode()


def labels(client: Client, **query: Any) -> list[str]:
    return [row.label for row in client.get(reverse(LIST), query).context["cl"].result_list]


def test_what_is_under_way_comes_first(bob: User, container: Container) -> None:
    first = engine.start("container.restart", container, actor=COMMAND)
    other = make_container(container.host, "b")
    ended(engine.start("container.stop", other, actor=COMMAND), "succeeded")
    assert labels(logged_in(bob)) == [first.label, "Stop b"]


def test_filters(bob: User, container: Container, running: Operation) -> None:
    other = make_container(container.host, "b")
    ended(engine.start("container.stop", other, actor=COMMAND))
    client = logged_in(bob)
    assert labels(client, status="active") == ["Restart shop-web-1"]
    assert labels(client, status="failed") == ["Stop b"]
    assert labels(client, kind="container.stop") == ["Stop b"]
    assert labels(client, q="shop") == ["Restart shop-web-1"]
    assert labels(client, actor="nobody") == []
    assert labels(client, batch="0" * 32) == []


def test_the_page_shows_steps_output_and_the_last_sentence(bob: User, running: Operation) -> None:
    now = timezone.now()
    Step.objects.create(
        operation=running, name="Act", percent=30, status="failed", error="exit code 1",
        started_at=now, finished_at=now,
    )  # fmt: skip
    OutputLine.objects.create(
        operation=running, number=1, stream="stderr", text="<b>no</b>", at=now
    )
    ended(running, message="It did not come up.", advice="Look at its log.", error_code="x_code")
    text = shown(logged_in(bob), running)
    for words in ("Act", "exit code 1", "It did not come up.", "Look at its log.", "x_code"):
        assert words in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert 'data-stream="stderr"' in text


def test_long_output_shows_its_end(bob: User, running: Operation) -> None:
    now = timezone.now()
    OutputLine.objects.bulk_create(
        OutputLine(operation=running, number=number, stream="stdout", text=f"line {number}", at=now)
        for number in range(1, 1_202)
    )
    text = shown(logged_in(bob), running)
    assert 'data-number="1201"' in text
    assert 'data-number="202"' in text
    assert 'data-number="201"' not in text


def test_without_javascript_a_running_operation_reads_itself_anew(
    bob: User, running: Operation
) -> None:
    refresh = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    client = logged_in(bob)
    assert refresh in shown(client, running)
    ended(running, "succeeded")
    assert refresh not in shown(client, running)


def test_cancelling_is_for_those_who_may(alice: User, bob: User, running: Operation) -> None:
    address = reverse("admin:provisioning_operation_cancel", args=[running.pk])
    assert logged_in(bob).post(address).status_code == 302
    assert Operation.objects.get().status == "queued"
    logged_in(alice).post(address)
    assert Operation.objects.get().status == "cancelled"


def test_cancelling_what_has_ended_says_so(alice: User, running: Operation) -> None:
    ended(running, "succeeded")
    address = reverse("admin:provisioning_operation_cancel", args=[running.pk])
    answer = logged_in(alice).post(address, follow=True)
    assert "has already ended" in answer.content.decode()
    answer = logged_in(alice).post(address, headers={"Accept": "application/json"})
    assert answer.status_code == 409


def test_doing_it_again_is_a_new_operation_that_names_the_old(
    alice: User, running: Operation
) -> None:
    ended(running)
    address = reverse("admin:provisioning_operation_retry", args=[running.pk])
    answer = logged_in(alice).post(address)
    new = Operation.objects.get(retry_of=running)
    assert answer["Location"] == reverse(PAGE, args=[new.pk])
    assert f"operation {running.pk}" in shown(logged_in(alice), new)


def test_buttons_show_to_those_who_may_and_when_they_make_sense(
    alice: User, bob: User, running: Operation
) -> None:
    def offers(user: User) -> tuple[bool, bool]:
        context = logged_in(user).get(reverse(PAGE, args=[running.pk])).context
        return context["may_cancel"], context["may_retry"]

    assert offers(alice) == (True, False)
    assert offers(bob) == (False, False)
    ended(running)
    assert offers(alice) == (False, True)
    assert offers(bob) == (False, False)


def test_after_a_removal_the_page_leads_nowhere(alice: User, container: Container) -> None:
    row = engine.start("container.remove", container, actor=COMMAND, confirm_name=container.name)
    client = logged_in(alice)
    assert client.get(reverse(PAGE, args=[row.pk])).context["target_url"]
    ended(row, "succeeded")
    context = client.get(reverse(PAGE, args=[row.pk])).context
    assert (context["target_url"], context["repeatable"]) == ("", False)


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_an_operation_that_is_not_there(name: str, alice: User) -> None:
    address = reverse(f"admin:provisioning_operation_{name}", args=[99])
    assert logged_in(alice).post(address).status_code == 404


def test_the_list_takes_as_many_queries_for_many(
    bob: User, container: Container, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        other = make_container(container.host, f"c{number:02}")
        engine.start("container.stop", other, actor=COMMAND)
    client = logged_in(bob)
    with django_assert_max_num_queries(11):
        client.get(reverse(LIST))
