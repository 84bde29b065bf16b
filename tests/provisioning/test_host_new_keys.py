"""Keys made before their host: the public half for anybody, the private half for one host, once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from provisioning.models import Operation
from provisioning.operations.host_new_keys import forget_unclaimed
from sites.models import Credential, Host
from tests.people import logged_in
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db
HOST = {"name": "web9", "address": "192.0.2.9", "username": "deploy", "auth": "generated"}


@pytest.fixture
def as_admin(admin: User) -> Client:
    return logged_in(admin)


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/{path}", json.dumps(body), content_type="application/json")


def made(client: Client) -> dict[str, Any]:
    answer = post(client, "hosts/generate-key", {"comment": "boot@web9"})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_the_key_goes_to_the_host_that_names_it_and_its_private_half_nowhere(
    as_admin: Client,
) -> None:
    key = made(as_admin)
    assert key["public_key"].endswith(" boot@web9")
    answer = post(as_admin, "hosts", {**HOST, "generated_key": key["generated_key"]})
    assert answer.json()["public_key"] == key["public_key"]
    credential = Credential.objects.get()
    assert (credential.host.name, credential.made_for) == ("web9", None)
    secret = credential.reveal().splitlines()[2]
    kept = str([*Operation.objects.values(), *Entry.objects.values(), answer.json()])
    assert secret not in kept and "PRIVATE" not in kept


def test_it_takes_the_place_of_a_host_s_old_key(as_admin: Client) -> None:
    post(as_admin, "hosts", {**HOST, "auth": "generate"})
    key = made(as_admin)["generated_key"]
    path = f"/api/hosts/{Host.objects.get().pk}"
    body = json.dumps({"auth": "generated", "generated_key": key})
    assert as_admin.patch(path, body, content_type="application/json").status_code == 200
    assert str(Credential.objects.get().pk) == key


def test_it_is_given_once_to_its_owner_and_not_after_a_day(
    as_admin: Client, django_user_model: type[User], admin: User
) -> None:
    key = made(as_admin)["generated_key"]
    other = django_user_model.objects.create_user("other", is_superuser=True)
    refused = post(logged_in(other), "hosts", {**HOST, "generated_key": key})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "generated_key")
    assert post(as_admin, "hosts", {**HOST, "generated_key": key}).status_code == 201
    again = {**HOST, "name": "web10", "generated_key": key}
    assert post(as_admin, "hosts", again).status_code == 422
    late = made(as_admin)["generated_key"]
    Credential.objects.filter(pk=late).update(created_at=timezone.now() - timedelta(hours=25))
    assert post(as_admin, "hosts", {**again, "generated_key": late}).status_code == 422
    assert post(as_admin, "hosts", again | {"generated_key": None}).status_code == 422


def test_what_nobody_claimed_is_removed_and_on_record(as_admin: Client) -> None:
    kept = Credential.objects.create(kind="key", encrypted="x")
    make_host(credential=kept)
    young = made(as_admin)["generated_key"]
    old = made(as_admin)["generated_key"]
    rows = Credential.objects.filter(pk__in=[old, kept.pk])
    rows.update(created_at=timezone.now() - timedelta(days=2))
    assert forget_unclaimed() == 1
    assert {str(row.pk) for row in Credential.objects.all()} == {young, str(kept.pk)}
    assert Entry.objects.get(action="host.forget-keys").actor_name == "upkeep"
    assert forget_unclaimed() == 0
