import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.test import Client

from audit import record as record_module
from audit.models import Entry, Head
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def try_to_log_in(client: Client, username: str, password: str) -> int:
    return client.post(LOGIN, {"username": username, "password": password}).status_code


def said(*names: str) -> list[tuple[object, ...]]:
    return list(Entry.objects.order_by("id").values_list(*names))


def test_login_and_logout(client: Client, admin: User) -> None:
    assert try_to_log_in(client, "admin", "admin's own") == 302
    client.post("/admin/logout/")
    names = ("action", "status", "phase", "target_name", "target_id", "actor_name", "actor_id")
    assert said(*names) == [
        ("auth.login", "succeeded", "event", "admin", str(admin.pk), "admin", admin.pk),
        ("auth.logout", "succeeded", "event", "admin", str(admin.pk), "admin", admin.pk),
    ]
    assert said("source", "remote_addr") == [("console", "127.0.0.1")] * 2


@pytest.mark.parametrize("username", ["admin", "nobody", "x" * 150])
def test_a_failed_attempt(client: Client, admin: User, username: str) -> None:
    assert try_to_log_in(client, username, "hunter2-Zq9") == 200
    names = ("action", "status", "target_name", "actor_id", "actor_name", "remote_addr")
    assert said(*names) == [("auth.login_failed", "failed", username, None, "", "127.0.0.1")]
    assert "hunter2-Zq9" not in str(Entry.objects.values())


def test_what_was_typed_as_the_name_is_capped(admin: User) -> None:
    credentials = {"username": "x\x00" * 5_000, "password": "***"}
    user_login_failed.send(__name__, credentials=credentials)
    (typed, source) = said("target_name", "source")[0]
    assert len(str(typed)) == 150 and source == "system"


def test_logging_out_without_being_logged_in_is_nothing(client: Client) -> None:
    client.post("/admin/logout/")
    assert not Entry.objects.exists()


def test_no_entry_no_login(client: Client, admin: User) -> None:
    client.raise_request_exception = False
    record_module.record(
        phase="event", action="x.y", status="failed", actor=record_module.Actor.system("x")
    )
    tamper("DELETE FROM audit_head")
    assert try_to_log_in(client, "admin", "admin's own") == 500
    tamper("DELETE FROM audit_entry")
    Head.objects.create()
    assert client.get("/admin/").status_code == 302  # to the login page
