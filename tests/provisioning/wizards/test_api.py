"""Wizards over HTTP: the whole way, from two browsers of the same person and of nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from provisioning.drivers.keys import generate_ed25519
from provisioning.wizards.shape import WizardOut, WizardStepOut
from sites.models import Host
from tests.people import logged_in
from tests.provisioning.wizards.walking import CONNECTION, FINGERPRINT, Network, work

pytestmark = pytest.mark.django_db


def post(client: Client, path: str, body: Any = None, *, status: int = 200) -> Any:
    answer = client.post(f"/api/wizards/{path}", json.dumps(body or {}), "application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def started(client: Client) -> int:
    body = {"wizard_type": "ssh_host", "initial_state": {"connection": CONNECTION}}
    return int(post(client, "start", body, status=201)["id"])


def test_the_whole_way_from_two_browsers_of_one_person(admin: User, network: Network) -> None:
    office, home = logged_in(admin), logged_in(admin)
    key = started(office)
    post(office, f"{key}/next")
    pair = generate_ed25519("")
    shown = post(office, f"{key}/step", {"auth": "key", "private_key": pair.private_text})
    assert shown["given"] == ["private_key"]
    assert pair.private_text.splitlines()[2] not in json.dumps(shown)
    assert home.get("/api/wizards").json()["items"][0]["step"] == "authentication"
    shown = post(home, f"{key}/next")
    assert (shown["given"], shown["host"]["state"]) == ([], "setup_pending")
    post(home, f"{key}/test")
    work()
    assert home.get(f"/api/wizards/{key}").json()["host"]["offered_fingerprint"] == FINGERPRINT
    post(home, f"{key}/step", {"fingerprint": FINGERPRINT})
    post(home, f"{key}/test")
    work()
    post(office, f"{key}/next")
    post(office, f"{key}/next")
    assert post(office, f"{key}/complete")["status"] == "completed"
    assert Host.objects.get().state == "new"


def test_answers_have_the_documented_shape(admin: User, network: Network) -> None:
    client = logged_in(admin)
    shown = client.get(f"/api/wizards/{started(client)}").json()
    assert set(shown) == set(WizardOut.model_fields)
    assert set(shown["steps"][0]) == set(WizardStepOut.model_fields)
    assert [step["state"] for step in shown["steps"]] == ["current", *["ahead"] * 4]


def test_a_wizard_is_its_owner_s_alone(admin: User, django_user_model: type[User]) -> None:
    key = started(logged_in(admin))
    other = logged_in(django_user_model.objects.create_user("other", is_superuser=True))
    assert other.get(f"/api/wizards/{key}").status_code == 404
    assert other.get("/api/wizards").json()["total"] == 0
    for move in ("step", "next", "previous", "test", "complete", "cancel"):
        post(other, f"{key}/{move}", status=404)


def test_who_may_see_no_hosts_any_more_sees_no_wizard_either(admin: User) -> None:
    client = logged_in(admin)
    key = started(client)
    admin.groups.clear()
    assert client.get(f"/api/wizards/{key}").status_code == 404
    assert client.get("/api/wizards").json()["total"] == 0


def test_an_error_names_the_field_and_an_old_version_is_refused(admin: User) -> None:
    client = logged_in(admin)
    key = started(client)
    error = post(client, f"{key}/step", {**CONNECTION, "port": 99999}, status=422)["error"]
    assert error["field"] == "port"
    post(client, f"{key}/next?version=1")
    error = post(client, f"{key}/next?version=1", status=409)["error"]
    assert (error["code"], error["details"]) == ("changed_meanwhile", {"version": 2})
