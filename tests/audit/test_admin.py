from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.admin import AdminSite
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from audit.admin import EntryAdmin
from audit.admin_filters import PeriodFilter
from audit.models import Entry
from audit.record import Actor
from tests.audit.conftest import Put

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/entry/"
ENTRY_ADMIN = EntryAdmin(Entry, AdminSite())


def listed(user: User, **query: str) -> ChangeList:
    """The list as the admin computes it; how it is drawn is the console's business."""
    request = RequestFactory().get(LIST, query)
    request.user = user
    return ENTRY_ADMIN.get_changelist_instance(request)


def ids(user: User, **query: str) -> list[int]:
    return [entry.pk for entry in listed(user, **query).result_list]


def test_newest_first(admin: User, put: Put) -> None:
    put()
    put()
    assert ids(admin) == [2, 1]
    assert ids(admin, o="1") == [2, 1]


def test_columns(put: Put) -> None:
    entry = put(target_type="container", target_name="web", duration_ms=1234.5)
    shown = [
        getattr(ENTRY_ADMIN, name)(entry)
        for name in ENTRY_ADMIN.list_display
        if hasattr(ENTRY_ADMIN, name)
    ]
    assert shown == ["alice", "container web", "1,234 ms", "192.0.2.7"]
    assert ENTRY_ADMIN.target(put(target_type="host", target_id=3)) == "host 3"
    assert ENTRY_ADMIN.duration(put()) == ""
    assert ENTRY_ADMIN.actor(put(actor=Actor(source="console"))) == "nobody logged in"


def test_filters(admin: User, put: Put) -> None:
    put(status="failed")
    put(action="host.add", actor=Actor(name="x", source="task"))
    with time_machine.travel(datetime(2031, 5, 10, 23, tzinfo=UTC)):
        put()
    assert ids(admin, action="host.test") == [3, 1]
    assert ids(admin, status__exact="failed") == [1]
    assert ids(admin, source__exact="task") == [2]
    assert ids(admin, since="2031-05-10", until="2031-05-10", action="host.test") == [3]
    assert ids(admin, until="2031-05-09", action="host.test") == [1]
    assert ids(admin, since="nonsense") == []


def test_the_period_s_form_keeps_the_other_filters(admin: User, put: Put) -> None:
    put()
    changelist = listed(admin, action="host.test", q="al", since="2020-01-01")
    period = next(spec for spec in changelist.filter_specs if isinstance(spec, PeriodFilter))
    form = render_to_string(
        period.template, {"title": period.title, "choices": list(period.choices(changelist))}
    )
    for kept in ('name="action" value="host.test"', 'name="q" value="al"', 'value="2020-01-01"'):
        assert kept in form
    assert form.count('name="since"') == 1
    assert 'href="?action=host.test&amp;q=al"' in form


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("lph", [1]),
        ("ALPHA", [1]),
        ("192.0.2.9", [2]),
        ("r-77", [2]),
        ("42", [2]),
        ("1", [1]),
        ("%", []),
        ("9" * 40, []),
        (" ", [2, 1]),
    ],
)
def test_search(admin: User, put: Put, term: str, expected: list[int]) -> None:
    put(target_name="alpha")
    put(actor=Actor(name="c", remote_addr="192.0.2.9", request_id="r-77"), operation_id=42)
    assert ids(admin, q=term) == expected


def test_before_and_after_stand_side_by_side(put: Put) -> None:
    text = ENTRY_ADMIN.changes(
        put(
            before={"state": "running", "image": "nginx"},
            after={"state": "<exited>", "image": "nginx"},
        )
    )
    changed = text[text.index('class="differs"') :]
    assert "state" in changed and "running" in changed and "&lt;exited&gt;" in changed
    assert text.count('class="differs"') == 1
    assert ENTRY_ADMIN.changes(put()).strip() == "–"


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def test_the_pages_of_the_console(as_admin: Client, put: Put) -> None:
    entry = put(target_name="<b>web</b>", output="<script>alert(1)</script>")
    for path in (LIST, f"{LIST}?since=2020-01-01&action=host.test", f"{LIST}{entry.pk}/change/"):
        response = as_admin.get(path)
        text = response.content.decode()
        assert response.status_code == 200
        assert "host.test" in text
        assert "<b>web" not in text and "<script>alert" not in text
    assert entry.hash in text


def test_nothing_can_be_changed(as_admin: Client, put: Put) -> None:
    entry = put()
    for path in ("add/", f"{entry.pk}/delete/"):
        assert as_admin.get(LIST + path).status_code == 403
    assert as_admin.post(f"{LIST}{entry.pk}/change/", {"action": "x.y"}).status_code == 403
    assert as_admin.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk})
    assert Entry.objects.filter(pk=entry.pk, action="host.test").exists()


def test_who_may_see_it(bob: User, put: Put) -> None:
    put()
    request = RequestFactory().get(LIST)
    request.user = bob
    assert not ENTRY_ADMIN.has_view_permission(request)
    assert ids(bob) == []
    bob.user_permissions.add(Permission.objects.get(codename="view_entry"))
    request.user = User.objects.get(pk=bob.pk)  # permissions are remembered per object
    assert ENTRY_ADMIN.has_view_permission(request)
    assert ids(request.user) == [1]


def test_queries_do_not_grow_with_entries(admin: User, put: Put) -> None:
    """The account, the actions, the head's count, the page: as many for one as for many."""
    needed = []
    for number in (1, 60):
        for _ in range(number):
            put()
        with CaptureQueriesContext(connection) as queries:
            changelist = listed(admin)
            assert len(list(changelist.result_list)) == min(number + number // 2, 50)
        needed.append(len(queries))
    assert changelist.result_count == 61
    assert needed[0] == needed[1] <= 4
