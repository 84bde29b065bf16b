"""Domains of sites: verbs on our own rows, by API, command and engine."""

from __future__ import annotations

import io
import json
from typing import Any

import bcrypt
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from audit.models import Entry
from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.proxy.names import BadName, domain_name
from sites.models import Domain, Grant, Site
from tests.people import _role, logged_in
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"


@pytest.fixture
def shop() -> Site:
    return Site.objects.create(host=make_host(), project="shop", name="shop")


def add(site: Site, name: str, actor: Actor = COMMAND, **params: Any) -> Domain:
    row = engine.start("domain.add", site, actor=actor, params={"name": name, **params})
    return Domain.objects.get(pk=row.result["domain"])


def do(kind: str, row: Domain, /, **params: Any) -> Operation:
    name = row.name if kind == "domain.remove" else None
    return engine.start(kind, row, actor=COMMAND, params=params, confirm_name=name)


# -- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop.example.com", "shop.example.com"),
        (" Shop.Example.COM. ", "shop.example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a-b.c1.example", "a-b.c1.example"),
    ],
)
def test_one_form_of_a_name(text: str, name: str) -> None:
    assert domain_name(text) == name
    assert domain_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "shop", "localhost", "*.example.com", "a.*.com", "192.0.2.1", "[::1]", "a..b",
        "-a.b", "a-.b", "a_b.c", "a b.c", "a.b/c", "a.b:443", "https://a.b", "{env.HOME}.b",
        "a.b\n.c", "a\0.b",
        "xn--a.b",
        "😀.example", f"{'a' * 64}.b", ".".join(["a" * 60] * 5), "a.b..", "a@b.c", "\u202ea.b",
    ],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(BadName) as error:
        domain_name(text)
    assert error.value.message.endswith(".")


# -- verbs ------------------------------------------------------------------------------------


def test_the_first_is_primary_and_the_others_are_aliases(shop: Site) -> None:
    assert [add(shop, name).kind for name in ("a.test", "b.test")] == ["primary", "alias"]


def test_the_first_cannot_be_anything_else(shop: Site) -> None:
    with pytest.raises(VerbError, match="primary"):
        add(shop, "a.test", kind="redirect")


def test_another_primary_makes_the_one_before_an_alias(shop: Site) -> None:
    first, second = add(shop, "a.test"), add(shop, "b.test")
    do("domain.change", second, kind="primary")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.kind, second.kind) == ("alias", "primary")
    with pytest.raises(VerbError, match="another domain the primary"):
        do("domain.change", second, kind="alias")


def test_the_primary_goes_last(shop: Site) -> None:
    first, second = add(shop, "a.test"), add(shop, "b.test")
    with pytest.raises(VerbError, match="primary"):
        do("domain.remove", first)
    do("domain.remove", second)
    do("domain.remove", first)
    assert not Domain.objects.exists()


@pytest.mark.parametrize("other", ["a.test", "A.TEST."])
def test_a_name_is_taken_once_on_all_hosts(shop: Site, other: str) -> None:
    add(shop, "a.test")
    there = Site.objects.create(host=make_host("web2"), project="other", name="other")
    with pytest.raises(VerbError) as error:
        add(there, other)
    assert (error.value.code, error.value.field) == ("name_taken", "name")
    assert "by shop on web1" in error.value.message


def test_whose_a_name_is_is_told_only_to_who_may_see_it(shop: Site, charlie: User) -> None:
    add(shop, "a.test")
    there = Site.objects.create(host=make_host("web2"), project="other", name="other")
    Grant.objects.create(role=_role("admin"), user=charlie, host=there.host)
    actor = Actor(user_id=charlie.pk, name="charlie", source="api")
    with pytest.raises(VerbError) as error:
        add(there, "a.test", actor)
    assert error.value.message == "name: a.test is taken already."
    assert add(there, "b.test", actor).site == there


def test_routes_are_kept_longest_first_and_checked(shop: Site) -> None:
    routes = [{"path": "/a/", "service": "x"}, {"path": "/a/b/", "service": "y", "port": 8090}]
    row = add(shop, "a.test", routes=routes)
    assert row.routes == [
        {"path": "/a/b/", "service": "y", "port": 8090},
        {"path": "/a/", "service": "x", "port": None},
    ]
    for wrong in ("a", "/a*", "/{env.HOME}", "/a/../b"):
        with pytest.raises(VerbError) as error:
            do("domain.change", row, routes=[{"path": wrong, "service": "x"}])
        assert error.value.field == "routes"
    with pytest.raises(VerbError, match="two for"):
        do("domain.change", row, routes=[routes[0], routes[0]])
    do("domain.change", row, routes=[], port=0)
    row.refresh_from_db()
    assert (row.routes, row.port) == ([], None)


def test_a_password_is_kept_as_a_hash_and_told_nowhere(shop: Site) -> None:
    row = add(shop, "a.test")
    do("domain.set-password", row, username="carol", password=SECRET)
    row.refresh_from_db()
    hashed = row.basic_auth["carol"]
    assert bcrypt.checkpw(SECRET.encode(), hashed.encode())
    kept = [list(model.objects.values()) for model in (Operation, Entry)]
    assert SECRET not in str(kept) and hashed not in str(kept)
    assert "carol" in str(kept)
    do("domain.remove-password", row, username="carol")
    row.refresh_from_db()
    assert row.basic_auth == {}
    with pytest.raises(VerbError, match="no such user"):
        do("domain.remove-password", row, username="carol")


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37, "a\0b"])
def test_a_password_that_bcrypt_would_cut_is_refused(shop: Site, password: str) -> None:
    row = add(shop, "a.test")
    with pytest.raises((VerbError, EngineError)) as error:
        do("domain.set-password", row, username="carol", password=password)
    assert "password" in str(error.value)
    row.refresh_from_db()
    assert row.basic_auth == {}


@pytest.mark.parametrize("username", ["", "a:b", "{env.HOME}", "a b", "ü"])
def test_a_user_has_a_plain_name(shop: Site, username: str) -> None:
    with pytest.raises((VerbError, EngineError)):
        do("domain.set-password", add(shop, "a.test"), username=username, password=SECRET)


# -- API and commands -------------------------------------------------------------------------


def test_by_the_api(shop: Site, admin: User) -> None:
    client = logged_in(admin)

    def ask(method: str, url: str, body: Any = None) -> Any:
        answer = client.generic(method, url, json.dumps(body or {}), "application/json")
        return answer.status_code, answer.json()

    status, made = ask("POST", "/api/domains", {"site": shop.pk, "name": "Bücher.example"})
    assert status == 201
    assert (made["name"], made["shown"]) == ("xn--bcher-kva.example", "bücher.example")
    url = f"/api/domains/{made['id']}"
    assert ask("PATCH", url, {"tls": "internal"})[1]["tls"] == "internal"
    status, told = ask("POST", f"{url}/set-password", {"username": "carol", "password": SECRET})
    assert told["users"] == ["carol"] and SECRET not in str(told) and "$2b$" not in str(told)
    assert ask("POST", f"{url}/remove-password", {"username": "carol"})[1]["users"] == []
    assert client.get("/api/domains?search=xn--").json()["total"] == 1
    status, refused = ask("POST", "/api/domains", {"site": shop.pk, "name": "*.example"})
    assert (status, refused["error"]["field"]) == (422, "name")
    assert ask("DELETE", url, {"confirm_name": "wrong"})[0] == 422
    assert ask("DELETE", url, {"confirm_name": made["name"]})[0] == 200
    assert not Domain.objects.exists()


def run(*args: str) -> Any:
    out = io.StringIO()
    call_command(*args, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def test_by_commands(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run("domain", "add", "shop", "a.test", "--route", "/api/=backend:8090", "--tls", "internal")
    row = Domain.objects.get()
    assert row.routes == [{"path": "/api/", "service": "backend", "port": 8090}]
    run("domain", "change", "a.test", "--no-access-log")
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    run("domain", "set-password", "a.test", "--user", "carol")
    [told] = run("domain", "list")
    assert (told["users"], told["access_log"]) == (["carol"], False)
    row.refresh_from_db()
    assert bcrypt.checkpw(SECRET.encode(), row.basic_auth["carol"].encode())
    run("domain", "remove-password", "a.test", "--user", "carol")
    run("domain", "remove", "a.test", "--yes")
    assert not Domain.objects.exists()
