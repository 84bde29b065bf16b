import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries, Settings

from audit import filters
from audit.api import LogOut, LogPage
from audit.hashing import SEALED_FIELDS
from audit.models import Entry
from tests.audit.conftest import Put
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.audit.urls"


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    """Logging in is the first entry."""
    client.force_login(admin)
    return client


@pytest.fixture
def seven(as_admin: Client, put: Put) -> None:
    for number in range(6):
        put(target_id=number, target_name=f"host {number % 2}")


def get(client: Client, path: str = "logs", **query: Any) -> Any:
    response = client.get(f"/api/audit/{path}", query)
    assert response.status_code == 200, response.content
    return response.json()


def test_newest_first_with_all_fields(as_admin: Client, seven: None) -> None:
    answer = get(as_admin)
    assert [log["id"] for log in answer.pop("logs")] == [7, 6, 5, 4, 3, 2, 1]
    assert answer == {
        "total": 7,
        "total_is_exact": True,
        "page": 1,
        "page_size": 50,
        "total_pages": 1,
        "next_after": None,
    }
    log = get(as_admin)["logs"][0]
    assert set(log) == {*SEALED_FIELDS, "hash"}
    at = Entry.objects.get(id=7).at
    assert log["at"] == at.isoformat(timespec="microseconds") and log["at"].endswith("+00:00")


@pytest.mark.parametrize("action_type", ["", "host.test"])
def test_pages_by_number_and_by_key(as_admin: Client, seven: None, action_type: str) -> None:
    given: dict[str, Any] = {"page_size": 3, "action_type": action_type}
    total = 6 if action_type else 7
    by_number = [get(as_admin, page=page, **given) for page in (1, 2, 3, 4)]
    ids = [[log["id"] for log in page["logs"]] for page in by_number]
    assert ids == [[7, 6, 5], [4, 3, 2], [] if action_type else [1], []]
    assert {(page["total"], page["total_pages"]) for page in by_number} == {(total, -(-total // 3))}
    second = get(as_admin, after=by_number[0]["next_after"], **given)
    assert second["logs"] == by_number[1]["logs"]
    assert get(as_admin, after=1, **given)["logs"] == get(as_admin, after=0, **given)["logs"] == []


def test_filters(as_admin: Client, seven: None) -> None:
    assert [log["id"] for log in get(as_admin, target_name="host 1")["logs"]] == [7, 5, 3]
    assert get(as_admin, action_type="auth.login")["total"] == 1
    assert get(as_admin, actor="alice", status="failed")["total"] == 0
    assert get(as_admin, start_date="2030-01-01", end_date="2030-01-02")["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page_size": 501},
        {"page_size": 0},
        {"page": "x"},
        {"start_date": "soon"},
        {"status": "fine"},
    ],
)
def test_a_wrong_query_is_422(as_admin: Client, query: dict[str, Any]) -> None:
    assert as_admin.get("/api/audit/logs", query).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"page": 10**30},
        {"page": 10**30, "action_type": "host.test"},
        {"after": 10**30},
        {"after": -1},
        {"operation": 10**30},
        {"target_name": "a\x00b"},
        {"target_name": "'; DROP TABLE audit_entry; --"},
        {"actor": "x" * 5_000},
    ],
)
def test_an_odd_query_is_no_error(as_admin: Client, seven: None, query: dict[str, Any]) -> None:
    assert as_admin.get("/api/audit/logs", query).status_code == 200


def test_pages_by_number_end_where_counting_does(
    as_admin: Client, seven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "COUNT_LIMIT", 3)
    given: dict[str, Any] = {"page_size": 3, "action_type": "host.test"}
    first = get(as_admin, page=1, **given)
    assert (first["total"], first["total_is_exact"]) == (3, False)
    response = as_admin.get("/api/audit/logs", {"page": 2, **given})
    assert (response.status_code, response.json()["code"]) == (400, "page_too_deep")
    assert len(get(as_admin, after=first["next_after"], **given)["logs"]) == 3


@pytest.mark.parametrize("query", [{}, {"action_type": "host.test"}, {"after": 5}])
def test_the_number_of_queries_is_constant(
    as_admin: Client,
    seven: None,
    query: dict[str, Any],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(6):
        get(as_admin, **query)


def test_before_and_after_a_clean_up_numbers_still_page(as_admin: Client, put: Put) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=100)):
        put()
        as_admin.force_login(User.objects.get(username="admin"))
        response = as_admin.post("/api/audit/cleanup")
        assert response.json() == {
            "deleted": 1,
            "message": "1 entries older than the retention deleted.",
        }
        pages = [get(as_admin, page=page, page_size=2) for page in (1, 2, 3)]
    assert [[log["id"] for log in page["logs"]] for page in pages] == [[4, 3], [2], []]
    assert pages[0]["logs"][0]["actor_name"] == "admin"
    assert pages[0]["total"] == 3


def test_verify(as_admin: Client, seven: None) -> None:
    answer = get(as_admin, "verify")
    assert (answer["ok"], answer["checked"], answer["first_bad_id"]) == (True, 7, None)
    tamper("UPDATE audit_entry SET output = 'x' WHERE id = 5")
    answer = get(as_admin, "verify", start=3)
    assert (answer["ok"], answer["first_bad_id"]) == (False, 5)
    assert "was changed" in answer["reason"]


def body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_export_as_json_lines(as_admin: Client, seven: None) -> None:
    response = as_admin.get("/api/audit/export", {"action_type": "host.test"})
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["Content-Disposition"].endswith('.jsonl"')
    lines = [json.loads(line) for line in body(response).splitlines()]
    assert [line["id"] for line in lines] == [2, 3, 4, 5, 6, 7]
    recorded = Entry.objects.get(id=8)
    assert (recorded.action, recorded.actor_name) == ("audit.export", "admin")
    assert recorded.after == {"format": "jsonl", "filters": {"action_type": "host.test"}}


def test_export_as_csv(as_admin: Client, put: Put) -> None:
    put(target_name="=1+1", output="@cmd", error="-1", before={"a": "ü"})
    response = as_admin.get("/api/audit/export", {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(body(response).decode())))
    assert [row["id"] for row in rows] == ["1", "2"]
    cells = [rows[1][name] for name in ("target_name", "output", "error", "before", "after")]
    assert cells == ["'=1+1", "'@cmd", "'-1", '{"a": "ü"}', ""]


def test_an_export_in_another_format_is_refused(as_admin: Client) -> None:
    assert as_admin.get("/api/audit/export", {"format": "xml"}).status_code == 422
    assert not Entry.objects.filter(action="audit.export").exists()


@pytest.mark.django_db(transaction=True)
def test_export_under_asgi_is_streamed(
    admin: User, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        put()
    monkeypatch.setattr("audit.export.BATCH", 2)

    async def export() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(admin)
        response: Any = await client.get("/api/audit/export")
        pieces = [piece async for piece in response.streaming_content]
        await sync_to_async(connections.close_all)()  # the thread's own connection
        return pieces

    pieces = asyncio.run(export())
    assert [len(piece.splitlines()) for piece in pieces] == [2, 2, 2]


READING = ["/api/audit/logs", "/api/audit/verify", "/api/audit/export"]


@pytest.mark.parametrize("path", [*READING, "/api/audit/cleanup"])
def test_who_may_not(client: Client, bob: User, path: str) -> None:
    call = client.get if path in READING else client.post
    assert call(path).status_code == 401
    client.force_login(bob)
    assert call(path).status_code == 403


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("view_entry", "/api/audit/logs"),
        ("verify_entry", "/api/audit/verify"),
        ("export_entry", "/api/audit/export"),
    ],
)
def test_each_permission_opens_its_own(
    client: Client, bob: User, permission: str, allowed: str
) -> None:
    bob.user_permissions.add(Permission.objects.get(codename=permission))
    client.force_login(bob)
    assert [path for path in READING if client.get(path).status_code == 200] == [allowed]
    assert client.post("/api/audit/cleanup").status_code == 403


def test_the_page_documents_what_it_returns(as_admin: Client, seven: None) -> None:
    """Rows are not validated on their way out, so the schema is held against them here."""
    answer = get(as_admin)
    LogPage.model_validate(answer)
    assert set(LogPage.model_fields) == set(answer)
    assert set(LogOut.model_fields) == set(answer["logs"][0])
