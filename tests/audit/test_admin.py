import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.admin import EntryAdmin
from audit.models import Entry
from audit.record import Actor
from tests.audit.conftest import Put

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/entry/"


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def page(client: Client, path: str = LIST, **query: Any) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return str(response.content.decode())


def ids(client: Client, **query: Any) -> list[int]:
    return [
        int(number) for number in re.findall(r"/audit/entry/(\d+)/change/", page(client, **query))
    ]


def test_the_list(as_admin: Client, put: Put) -> None:
    put(target_type="container", target_name="<web>", duration_ms=1234.5)
    text = page(as_admin)
    for shown in ("container &lt;web&gt;", "host.test", "alice", "1,234 ms", "192.0.2.7"):
        assert shown in text
    assert ids(as_admin) == [2, 1]


def test_filters(as_admin: Client, put: Put) -> None:
    put(status="failed")
    put(action="host.add", actor=Actor(name="x", source="task"))
    with time_machine.travel(datetime(2031, 5, 10, 23, tzinfo=UTC)):
        put()
        as_admin.force_login(User.objects.get())
        assert ids(as_admin, action="host.test") == [4, 2]
        assert ids(as_admin, status__exact="failed") == [2]
        assert ids(as_admin, source__exact="task") == [3]
        assert ids(as_admin, since="2031-05-10", until="2031-05-10", action="host.test") == [4]
        assert ids(as_admin, until="2031-05-09", action="host.test") == [2]
        assert ids(as_admin, since="nonsense") == []


def test_the_period_s_form_keeps_the_other_filters(as_admin: Client, put: Put) -> None:
    put()
    text = page(as_admin, action="host.test", q="al", since="2020-01-01")
    form = text[text.index('class="period-filter"') :]
    form = form[: form.index("</form>")]
    for kept in ('name="action" value="host.test"', 'name="q" value="al"', 'value="2020-01-01"'):
        assert kept in form
    assert form.count('name="since"') == 1
    assert 'href="?action=host.test&amp;q=al"' in form


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("lph", [2]),
        ("ALPHA", [2]),
        ("192.0.2.9", [3]),
        ("r-77", [3]),
        ("42", [3]),
        ("2", [2]),
        ("%", []),
        ("9" * 40, []),
    ],
)
def test_search(as_admin: Client, put: Put, term: str, expected: list[int]) -> None:
    put(target_name="alpha")
    put(actor=Actor(name="c", remote_addr="192.0.2.9", request_id="r-77"), operation_id=42)
    assert ids(as_admin, q=term) == expected


def test_one_entry_with_before_and_after(as_admin: Client, put: Put) -> None:
    entry = put(
        before={"state": "running", "image": "nginx"},
        after={"state": "<exited>", "image": "nginx"},
        output="<script>",
    )
    text = page(as_admin, f"{LIST}{entry.id}/change/")
    changed = text[text.index('class="differs"') :]
    assert "state" in changed and "running" in changed and "&lt;exited&gt;" in changed
    assert text.count('class="differs"') == 1
    assert "&lt;script&gt;" in text and "<script>" not in text.replace("<script src", "")
    assert entry.hash in text


def test_nothing_can_be_changed(as_admin: Client, put: Put) -> None:
    entry = put()
    for path in ("add/", f"{entry.id}/delete/"):
        assert as_admin.get(LIST + path).status_code == 403
    assert as_admin.post(f"{LIST}{entry.id}/change/", {"action": "x.y"}).status_code == 403
    assert 'name="_save"' not in page(as_admin, f"{LIST}{entry.id}/change/")
    assert "delete_selected" not in page(as_admin)


def test_who_may_see_it(client: Client, bob: User, put: Put) -> None:
    bob.is_staff = True
    bob.save()
    client.force_login(bob)
    assert client.get(LIST).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_entry"))
    assert client.get(LIST).status_code == 200


def test_queries_do_not_grow_with_entries(
    as_admin: Client, put: Put, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        put()
    with django_assert_max_num_queries(11):
        assert len(ids(as_admin)) == EntryAdmin.list_per_page
    assert "61" in page(as_admin)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert Entry.objects.count() == 61
