"""Hosts, actions and operations over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import Entry
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Operation, OutputLine
from provisioning.operations import verbs_of
from provisioning.schemas import OperationDetail, OperationOut
from sites.models import Container, Host
from sites.schemas import HostOut
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def as_alice(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def as_admin(admin: User) -> Client:
    return logged_in(admin)


@pytest.fixture
def container() -> Container:
    return make_container(make_host())


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method,
        f"/api/{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return send(client, "POST", path, body, **headers)


def error_of(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["field"]


@pytest.mark.parametrize("verb", verbs_of("container"), ids=lambda verb: verb.kind)
def test_every_verb_on_a_container_has_its_address(
    as_alice: Client, container: Container, verb: Any
) -> None:
    body = {"confirm_name": container.name} if verb.confirm else None
    response = post(as_alice, f"containers/{container.pk}/{verb.name}", body)
    assert response.status_code == 202, response.content
    row = Operation.objects.get()
    answer = response.json()
    assert OperationOut(**answer).id == row.pk
    assert (row.kind, row.target_id, row.status) == (verb.kind, container.pk, "queued")
    assert (row.actor_name, row.source) == ("alice", "api")
    assert row.request_id == response["X-Request-ID"]


def test_parameters_are_the_body(as_alice: Client, container: Container) -> None:
    assert post(as_alice, f"containers/{container.pk}/stop", {"grace_s": 3}).status_code == 202
    assert Operation.objects.get().params == {"grace_s": 3}


@pytest.mark.parametrize(
    ("verb", "body", "expected"),
    [
        ("stop", {"grace_s": 301}, (422, "invalid", "grace_s")),
        ("stop", {"grace": 3}, (422, "invalid", "grace")),
        ("kill", {"signal": "SIGSTOP"}, (422, "invalid", "signal")),
        ("remove", {}, (422, "confirm_mismatch", "confirm_name")),
        ("remove", {"confirm_name": "another"}, (422, "confirm_mismatch", "confirm_name")),
    ],
)
def test_wrong_parameters_begin_nothing(
    as_alice: Client, container: Container, verb: str, body: Any, expected: Any
) -> None:
    assert error_of(post(as_alice, f"containers/{container.pk}/{verb}", body)) == expected
    assert not Operation.objects.exists()


def test_a_busy_target_says_who_and_since_when(as_alice: Client, container: Container) -> None:
    first = post(as_alice, f"containers/{container.pk}/restart").json()
    again = post(as_alice, f"containers/{container.pk}/restart")
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    other = post(as_alice, f"containers/{container.pk}/stop")
    assert error_of(other) == (409, "busy", None)
    assert other.json()["error"]["details"] == {
        "operation": first["id"],
        "kind": "container.restart",
        "actor": "alice",
        "since": first["created_at"],
    }


def test_the_same_key_again_is_the_same_operation(as_alice: Client, container: Container) -> None:
    path, key = f"containers/{container.pk}/restart", {"Idempotency-Key": "k1"}
    first = post(as_alice, path, **key).json()
    Operation.objects.update(status="succeeded")
    assert post(as_alice, path, **key).json()["id"] == first["id"]
    assert post(as_alice, path).json()["id"] != first["id"]
    stop = post(as_alice, f"containers/{container.pk}/stop", **key)
    assert error_of(stop) == (409, "idempotency_key_reused", None)


def test_one_by_the_general_address(as_alice: Client, container: Container) -> None:
    body = {
        "kind": "container.stop",
        "target_type": "container",
        "target_id": container.pk,
        "params": {"grace_s": 1},
    }
    answer = post(as_alice, "operations", body).json()
    assert (answer["kind"], answer["params"]) == ("container.stop", {"grace_s": 1})
    assert error_of(post(as_alice, "operations", {**body, "target_type": "host"})) == (
        422,
        "bad_params",
        "target_type",
    )
    assert error_of(post(as_alice, "operations", {**body, "kind": "container.fly"}))[:2] == (
        404,
        "unknown_verb",
    )
    assert error_of(post(as_alice, "operations", {**body, "target_id": 10**30}))[0] in (404, 422)
    del body["target_id"]
    assert error_of(post(as_alice, "operations", body)) == (422, "bad_params", "target_id")


def test_many_at_once_each_with_its_own_answer(as_alice: Client) -> None:
    host = make_host()
    one, two, busy = (make_container(host, name) for name in ("one", "two", "busy"))
    post(as_alice, f"containers/{busy.pk}/stop")
    body = {"kind": "container.restart", "target_ids": [one.pk, two.pk, busy.pk, 999]}
    response = post(as_alice, "operations", body, **{"Idempotency-Key": "b"})
    answer = response.json()
    assert response.status_code == 202
    assert {row["target_id"] for row in answer["operations"]} == {one.pk, two.pk}
    assert {row["batch"] for row in answer["operations"]} == {answer["batch"]}
    codes = {row["target_id"]: row["code"] for row in answer["refused"]}
    assert codes == {busy.pk: "busy", 999: "not_found"}
    again = post(as_alice, "operations", body, **{"Idempotency-Key": "b"}).json()
    assert again["batch"] == answer["batch"]
    assert {row["id"] for row in again["operations"]} == {row["id"] for row in answer["operations"]}


def test_removing_many_asks_for_their_number(as_alice: Client) -> None:
    host = make_host()
    ids = [make_container(host, name).pk for name in ("one", "two")]
    body = {"kind": "container.remove", "target_ids": ids}
    assert error_of(post(as_alice, "operations", body)) == (
        422,
        "confirm_mismatch",
        "confirm_count",
    )
    assert len(post(as_alice, "operations", {**body, "confirm_count": 2}).json()["operations"]) == 2


def test_list_and_filter_operations(as_alice: Client) -> None:
    host = make_host()
    one, two = make_container(host, "one"), make_container(host, "two")
    post(as_alice, f"containers/{one.pk}/stop")
    post(as_alice, f"containers/{two.pk}/restart")
    Operation.objects.filter(target_id=one.pk).update(status="failed")

    def targets(**query: Any) -> list[str]:
        response = as_alice.get("/api/operations", query)
        assert response.status_code == 200, response.content
        return [item["target_name"] for item in response.json()["items"]]

    assert targets() == ["two", "one"]
    assert targets(ordering="id") == ["one", "two"]
    assert targets(kind="container.stop") == targets(status="failed") == ["one"]
    assert targets(active="true") == targets(target_type="container", target_id=two.pk) == ["two"]
    assert targets(active="false") == ["one"]
    assert targets(host="web1", actor="alice", status=["failed", "queued"]) == ["two", "one"]
    assert targets(actor="bob") == targets(batch="x") == []
    first = as_alice.get("/api/operations", {"page_size": 1}).json()
    assert targets(page_size=1, after=first["next_after"]) == ["one"]


def test_detail_and_output(as_alice: Client, container: Container) -> None:
    key = post(as_alice, f"containers/{container.pk}/restart").json()["id"]
    row = Operation.objects.get(pk=key)
    now = row.created_at
    row.steps.create(name="Look", percent=10, status="running", started_at=now)
    OutputLine.objects.bulk_create(
        OutputLine(operation=row, number=number, stream="stdout", text=f"line {number}", at=now)
        for number in range(1, 6)
    )
    detail = as_alice.get(f"/api/operations/{key}").json()
    assert OperationDetail(**detail).steps[0].name == "Look"
    assert "journal" not in detail

    def output(**query: int) -> Any:
        return as_alice.get(f"/api/operations/{key}/output", query).json()

    part = output(after=1, limit=2)
    assert [line["number"] for line in part["lines"]] == [2, 3]
    assert (part["next_after"], part["ended"], part["status"]) == (3, False, "queued")
    Operation.objects.update(status="succeeded")
    assert (output(after=3)["ended"], output(limit=5)["ended"]) == (True, False)
    last = output(after=5)
    assert last.pop("observed_at") and last.pop("observed_by") == "worker"
    assert last == {"lines": [], "next_after": 5, "status": "succeeded", "ended": True}


def test_cancel_and_retry(as_alice: Client, container: Container) -> None:
    key = post(as_alice, f"containers/{container.pk}/stop", {"grace_s": 2}).json()["id"]
    assert error_of(post(as_alice, f"operations/{key}/retry")) == (409, "still_active", None)
    cancelled = post(as_alice, f"operations/{key}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert error_of(post(as_alice, f"operations/{key}/cancel")) == (409, "already_ended", None)
    again = post(as_alice, f"operations/{key}/cancel", **{"Idempotency-Key": "c"})
    assert (again.status_code, again.json()["status"]) == (202, "cancelled")
    headers = {"Idempotency-Key": "r"}
    retried = post(as_alice, f"operations/{key}/retry", **headers).json()
    assert (retried["retry_of"], retried["params"]) == (key, {"grace_s": 2})
    assert post(as_alice, f"operations/{key}/retry", **headers).json()["id"] == retried["id"]


def test_a_viewer_sees_and_changes_nothing(bob: User, container: Container) -> None:
    client = logged_in(bob)
    response = post(client, f"containers/{container.pk}/restart")
    assert error_of(response) == (403, "forbidden", None)
    assert Entry.objects.get(action="container.restart").status == "refused"
    assert not Operation.objects.exists()


# -- logs ------------------------------------------------------------------------------------


@pytest.fixture
def host_answers(fake: FakeHost, container: Container, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    container.docker_id = fake.containers["shop-web-1"].docker_id
    container.save()
    monkeypatch.setattr("provisioning.logs.reading.host_driver", lambda target: fake)
    return fake


def test_logs_are_read_on_the_host(
    as_alice: Client, container: Container, host_answers: FakeHost
) -> None:
    host_answers.logs["shop-web-1"] = ["GET /", "ERROR bad", "error: worse"]
    path = f"/api/containers/{container.pk}/logs"
    answer = as_alice.get(path, {"search": "Error", "since": "2026-01-01T00:00:00Z", "tail": "7"})
    told = answer.json()
    assert (told["lines"], told["read"]) == (["ERROR bad", "error: worse"], 3)
    assert [item["level"] for item in told["items"]] == ["error", "error"]
    assert told["last"] == told["items"][-1]["cursor"] == "2026-01-01T00:00:00.002000000Z"
    assert as_alice.get(path, {"after": told["first"]}).json()["lines"] == told["lines"]
    for wrong in ({"tail": 0}, {"after": "soon"}, {"level": "loud"}, {"until": "~"}):
        assert as_alice.get(path, wrong).status_code == 422


def test_a_log_as_a_file(as_alice: Client, container: Container, host_answers: FakeHost) -> None:
    host_answers.logs["shop-web-1"] = ["<script>", "two"]
    path = f"/api/containers/{container.pk}/logs"
    answer = as_alice.get(path, {"format": "text", "timestamps": "1"})
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"] == 'attachment; filename="shop-web-1.log"'
    first, second = answer.content.decode().splitlines()
    assert first == "2026-01-01T00:00:00.000000000Z <script>" and second.endswith(" two")


@pytest.mark.parametrize(
    ("code", "status"), [("unreachable", 503), ("timeout", 504), ("garbage", 502), ("busy", 503),
                         ("not_found", 404), ("host_key_changed", 409)]
)  # fmt: skip
def test_a_host_in_trouble_is_told_as_such(
    as_alice: Client,
    container: Container,
    host_answers: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    status: int,
) -> None:
    def away(docker_id: str, **asked: object) -> None:
        raise DriverError("web1 does not answer.", code)

    monkeypatch.setattr(host_answers.docker, "log_stream", away, raising=False)
    response = as_alice.get(f"/api/containers/{container.pk}/logs")
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["message"] == "web1 does not answer." and error["details"]["advice"]


# -- hosts -----------------------------------------------------------------------------------

NEW = {"name": "web9", "address": "192.0.2.9", "username": "deploy", "auth": "generate"}


def test_a_host_from_first_to_last(as_admin: Client) -> None:
    made = post(as_admin, "hosts", NEW, **{"Idempotency-Key": "h"})
    assert made.status_code == 201, made.content
    host = made.json()
    assert HostOut(**host).public_key.startswith("ssh-ed25519 ")
    assert post(as_admin, "hosts", NEW, **{"Idempotency-Key": "h"}).json()["id"] == host["id"]
    path = f"hosts/{host['id']}"
    assert as_admin.get(f"/api/{path}").json() == host
    changed = send(as_admin, "PATCH", path, {"port": 2222})
    assert (changed.status_code, changed.json()["port"]) == (200, 2222)
    assert error_of(post(as_admin, f"{path}/approve-key", {"fingerprint": "SHA256:x"})) == (
        409,
        "nothing_offered",
        None,
    )
    offered = generate_ed25519("").public_line
    Host.objects.update(offered_key=offered)
    shown = as_admin.get(f"/api/{path}").json()["offered_fingerprint"]
    wrong = post(as_admin, f"{path}/approve-key", {"fingerprint": "SHA256:x"})
    assert error_of(wrong) == (409, "fingerprint_mismatch", "fingerprint")
    approved = post(as_admin, f"{path}/approve-key", {"fingerprint": shown})
    assert approved.json()["host_key_fingerprint"] == shown
    assert as_admin.get(f"/api/{path}/facts").json()["facts"] == {}
    assert as_admin.get(f"/api/{path}/services").json()["services"] == []
    unconfirmed = send(as_admin, "DELETE", path, {"confirm_name": "web"})
    assert error_of(unconfirmed) == (422, "confirm_mismatch", "confirm_name")
    key = {"Idempotency-Key": "d"}
    gone = send(as_admin, "DELETE", path, {"confirm_name": "web9"}, **key)
    assert (gone.status_code, gone.json()["kind"]) == (200, "host.remove")
    again = send(as_admin, "DELETE", path, {"confirm_name": "web9"}, **key)
    assert (again.status_code, again.json()["id"]) == (200, gone.json()["id"])
    assert send(as_admin, "DELETE", path, {"confirm_name": "web9"}).status_code == 404
    assert as_admin.get(f"/api/{path}").status_code == 404


def test_secrets_go_in_and_never_come_out(as_admin: Client) -> None:
    pair = generate_ed25519("x")
    private = pair.private_text
    body = {**NEW, "auth": "key", "private_key": private}
    answers = [post(as_admin, "hosts", body)]
    password = {**NEW, "name": "web8", "auth": "password", "password": "tr0ub4dor"}
    answers.append(post(as_admin, "hosts", password))
    assert [answer.status_code for answer in answers] == [201, 201]
    too_long = {**password, "name": "web7", "password": "tr0ub4dor" * 200}
    answers.append(post(as_admin, "hosts", too_long))
    answers.append(post(as_admin, "hosts", {**body, "name": "web6", "passphrase": 7}))
    assert [answer.status_code for answer in answers[2:]] == [422, 422]
    answers += [as_admin.get(f"/api/{path}") for path in ("hosts", "operations", "audit/logs")]
    secret_line = private.splitlines()[2]
    for answer in answers:
        assert "tr0ub4dor" not in answer.content.decode()
        assert secret_line not in answer.content.decode()
    credential = Host.objects.get(name="web9").credential
    assert credential and credential.fingerprint == pair.fingerprint


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"address": "a b"}, (422, "invalid", "address")),
        ({"name": "No Such Name"}, (422, "invalid", "name")),
        ({"port": 0}, (422, "invalid", "port")),
        ({"auth": "key"}, (422, "required", "private_key")),
        ({"auth": "key", "private_key": "x"}, (422, "bad_credential", "private_key")),
        ({"colour": "red"}, (422, "invalid", "colour")),
        ({"username": ""}, (422, "required", "username")),
    ],
)
def test_a_wrong_host_is_refused_and_leaves_nothing(
    as_admin: Client, change: Any, expected: Any
) -> None:
    assert error_of(post(as_admin, "hosts", {**NEW, **change})) == expected
    assert not Host.objects.exists() and not Operation.objects.exists()


def test_filters_of_hosts(as_admin: Client) -> None:
    make_host("web1")
    make_host("db1", state="unreachable")
    for query, expected in [
        ({}, ["db1", "web1"]),
        ({"state": "unreachable"}, ["db1"]),
        ({"search": "WEB"}, ["web1"]),
        ({"ordering": "-name"}, ["web1", "db1"]),
    ]:
        items = as_admin.get("/api/hosts", query).json()["items"]
        assert [item["name"] for item in items] == expected
