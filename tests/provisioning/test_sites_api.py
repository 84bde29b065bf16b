"""Sites over HTTP: plans, coming and going, releases, configuration. Secrets stay masked."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from audit.models import Entry
from provisioning.drivers.fake import FakeHost
from provisioning.models import Operation
from provisioning.plans.facts import Found
from provisioning.releases.models import Release
from sites.models import Host, Site
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import (
    COMPOSE,
    ENV,
    make_proxy,
    make_quarantine,
    make_release,
    make_site,
    nothing_there,
)

SECRET = ENV["DB_PASSWORD"]
NEW = {
    "name": "blog",
    "template": "static",
    "domain": "blog.example.org",
    "params": {"site_title": "Blog"},
}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """What every plan finds on the host; a test may put something else into it."""
    there = [nothing_there()]
    monkeypatch.setattr("provisioning.plans.asking.host_driver", lambda target: FakeHost())
    monkeypatch.setattr("provisioning.plans.asking.read_found", lambda *given: there[0])
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return there


@pytest.fixture
def host(db: None) -> Host:
    return make_proxy(make_host()).host


@pytest.fixture
def shop(host: Host) -> Site:
    site = make_site(host, domain="shop.example.org")
    make_release(site)
    return site


def sent(user: User, method: str, path: str, body: Any = None, **headers: str) -> Any:
    client = logged_in(user)
    call = getattr(client, method)
    if method == "get":
        return call(f"/api/{path}", body or {})
    return call(f"/api/{path}", body or {}, content_type="application/json", headers=headers)


# -- new sites ---------------------------------------------------------------------------------


def test_a_plan_of_a_new_site_tells_what_would_be_made(
    admin: User, host: Host, found: list[Found]
) -> None:
    answer = sent(admin, "post", "provision/plan", NEW)
    assert answer.status_code == 200
    plan = answer.json()
    assert {"what": "vhost", "action": "create", "name": "blog.example.org",
            "detail": "", "diff": ""} in plan["changes"]  # fmt: skip
    assert plan["host"] == "web1"
    assert len(plan["digest"]) == 64
    assert not Site.objects.exists()
    assert not Operation.objects.exists()


def test_the_same_wish_has_the_same_digest(admin: User, host: Host, found: list[Found]) -> None:
    first = sent(admin, "post", "provision/plan", NEW).json()
    again = sent(admin, "post", "provision/plan", {**NEW, "host": "WEB1"}).json()
    other = sent(admin, "post", "provision/plan", {**NEW, "params": {"site_title": "Blag"}}).json()
    assert first["digest"] == again["digest"] != other["digest"]


def test_provisioning_answers_with_the_operation_to_follow(
    admin: User, host: Host, found: list[Found]
) -> None:
    digest = sent(admin, "post", "provision/plan", NEW).json()["digest"]
    answer = sent(admin, "post", "provision/", {**NEW, "host": host.pk, "plan_digest": digest})
    assert answer.status_code == 202
    told = answer.json()
    operation = Operation.objects.get(pk=told["operation"])
    assert (told["name"], told["template"], told["domain"]) == ("blog", "static", NEW["domain"])
    assert told["status"] == "queued"
    assert told["path"] == "/srv/sites/blog"
    assert operation.kind == "site.provision"
    assert operation.params["plan_digest"] == digest
    assert Site.objects.get(name="blog").stage == "draft"


def test_the_same_key_provisions_once(admin: User, host: Host, found: list[Found]) -> None:
    key = {"Idempotency-Key": "abc"}
    answers = [sent(admin, "post", "provision/", NEW, **key).json() for _ in range(2)]
    assert answers[0]["operation"] == answers[1]["operation"]
    assert Site.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "Not A Name"}, "name"),
        ({"template": "nothing"}, "template"),
        ({"params": {"site_title": ""}}, "params"),
        ({"params": {"nothing": 1}}, "params"),
        ({"host": "web9"}, None),
        ({"environment": "-"}, "environment"),
    ],
)
def test_what_cannot_be_a_site_is_refused_with_its_field(
    admin: User, host: Host, found: list[Found], changed: dict[str, Any], field: str | None
) -> None:
    for path in ("provision/plan", "provision/"):
        answer = sent(admin, "post", path, {**NEW, **changed})
        assert answer.status_code in (404, 422)
        assert (answer.json()["error"]["field"] or "").split(".")[0].strip() == (field or "")
    assert not Site.objects.exists()


def test_with_several_hosts_one_has_to_be_named(
    admin: User, host: Host, found: list[Found]
) -> None:
    make_host("web2")
    answer = sent(admin, "post", "provision/plan", NEW)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "host"


def test_an_operator_may_not_look_at_plans_of_new_sites(
    alice: User, host: Host, found: list[Found]
) -> None:
    assert sent(alice, "post", "provision/plan", {**NEW, "host": "web1"}).status_code == 403
    assert sent(alice, "post", "provision/", {**NEW, "host": "web1"}).status_code == 403


# -- removing ----------------------------------------------------------------------------------


def test_a_site_is_removed_by_its_typed_name(admin: User, shop: Site, found: list[Found]) -> None:
    body = {"name": "shop", "confirm_name": "shop", "remove_volumes": True}
    answer = sent(admin, "delete", "provision/", body)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["volumes_removed"], told["files_removed"]) == (True, False)
    row = Operation.objects.get(pk=told["operation"])
    assert row.kind == "site.deprovision"
    assert row.params == {"remove_volumes": True, "remove_files": False, "keep_certificate": True}


def test_without_the_typed_name_nothing_is_removed(
    admin: User, shop: Site, found: list[Found]
) -> None:
    answer = sent(admin, "delete", "provision/", {"name": "shop", "confirm_name": "shopp"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "confirm_mismatch"
    assert not Operation.objects.exists()


def test_a_name_on_two_hosts_needs_the_host(admin: User, shop: Site, found: list[Found]) -> None:
    make_site(make_host("web2"))
    body = {"name": "shop", "confirm_name": "shop"}
    assert sent(admin, "delete", "provision/", body).json()["error"]["field"] == "host"
    answer = sent(admin, "delete", "provision/", {**body, "host": "web2"})
    assert Operation.objects.get(pk=answer.json()["operation"]).host_name == "web2"


# -- sites and releases ------------------------------------------------------------------------


def test_a_site_tells_its_template_domains_and_release(bob: User, shop: Site) -> None:
    told = sent(bob, "get", f"sites/{shop.pk}").json()
    assert told["domains"] == [{"name": "shop.example.org", "kind": "primary", "tls": "acme"}]
    assert (told["template"], told["template_version"]) == ("static", 1)
    assert (told["stage"], told["release"], told["environment"]) == ("live", 1, "production")
    assert told["released_at"]
    assert "upstreams" not in told


def test_an_unmanaged_site_has_no_release(bob: User, host: Host) -> None:
    Site.objects.create(host=host, project="found", name="found")
    told = sent(bob, "get", "sites").json()["items"]
    assert [(one["managed"], one["release"], one["domains"]) for one in told] == [(False, None, [])]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [({"stage": "live"}, 1), ({"stage": "draft"}, 0), ({"template": "static"}, 1),
     ({"domain": "SHOP.example.org"}, 1), ({"domain": "example.org"}, 0),
     ({"environment": "staging"}, 0)],
)  # fmt: skip
def test_sites_are_filtered(bob: User, shop: Site, wanted: dict[str, str], number: int) -> None:
    assert sent(bob, "get", "sites", wanted).json()["total"] == number


def test_releases_are_listed_newest_first_and_read_on(bob: User, shop: Site) -> None:
    make_release(shop, 2, status="prepared")
    make_release(shop, 3, status="failed", message="shop-web-1 is unhealthy.")
    path = f"sites/{shop.pk}/releases"
    listed = sent(bob, "get", path, {"page_size": 2}).json()
    assert [(one["number"], one["status"]) for one in listed["items"]] == [
        (3, "failed"), (2, "prepared"),
    ]  # fmt: skip
    rest = sent(bob, "get", path, {"page_size": 2, "after": listed["next_after"]}).json()
    assert [one["number"] for one in rest["items"]] == [1]


def test_a_release_is_shown_with_what_differs_and_without_secrets(bob: User, shop: Site) -> None:
    env = {**ENV, "SITE_TITLE": "Shop 2", "DB_PASSWORD": "another-secret"}
    make_release(shop, 2, status="prepared", env=env, compose=COMPOSE.replace("1.27", "1.28"))
    answer = sent(bob, "get", f"sites/{shop.pk}/releases/2")
    told = answer.json()
    assert told["against"] == 1
    assert "-    image: nginx:1.27\n+    image: nginx:1.28" in told["diff"]
    assert "+DB_PASSWORD=••• (of #2)" in told["diff"]
    assert told["env"] == {"SITE_TITLE": "Shop 2", "DB_PASSWORD": "•••"}
    assert "another-secret" not in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert sent(bob, "get", f"sites/{shop.pk}/releases/2", {"against": 2}).json()["diff"] == ""
    assert sent(bob, "get", f"sites/{shop.pk}/releases/9").status_code == 404


# -- configuration -----------------------------------------------------------------------------


def test_the_configuration_comes_masked_and_goes_back(admin: User, shop: Site) -> None:
    path = f"sites/{shop.pk}/config"
    told = sent(admin, "get", path).json()
    assert SECRET not in str(told)
    assert (told["release"], told["prepared"], told["revision"]) == (1, None, 1)
    body = {"revision": 1, "env": told["env"].replace("Shop", "Shop 2"), "compose": told["compose"]}
    answer = sent(admin, "put", path, body)
    assert answer.status_code == 200
    assert (answer.json()["release"], answer.json()["revision"]) == (2, 2)
    row = Release.objects.get(site=shop, number=2)
    assert row.reveal() == {**ENV, "SITE_TITLE": "Shop 2"}
    assert row.status == "prepared"
    assert sent(admin, "get", path).json()["prepared"] == 2


def test_who_was_slower_is_told_so(admin: User, shop: Site) -> None:
    path = f"sites/{shop.pk}/config"
    assert sent(admin, "put", path, {"revision": 1, "message": "first"}).status_code == 200
    answer = sent(admin, "put", path, {"revision": 1, "message": "second"})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "changed_meanwhile"
    assert shop.releases.count() == 2


def test_a_new_secret_is_in_no_row_and_no_audit_entry(admin: User, shop: Site) -> None:
    body = {"revision": 1, "env": "API_TOKEN='brand-new-secret'\n"}
    assert sent(admin, "put", f"sites/{shop.pk}/config", body).status_code == 200
    rows = [*Operation.objects.values(), *Entry.objects.values(), *Release.objects.values()]
    assert "brand-new-secret" not in str(rows)
    assert Release.objects.get(number=2).secret_names == ["API_TOKEN"]


def test_secrets_are_shown_to_who_may_and_it_is_on_record(admin: User, shop: Site) -> None:
    answer = sent(admin, "post", f"sites/{shop.pk}/reveal")
    assert answer.json() == {"site": shop.pk, "release": 1, "env": ENV}
    assert answer.headers["Cache-Control"] == "no-store"
    entry = Entry.objects.get(action="site.reveal")
    assert (entry.status, entry.actor_name, entry.target_name) == ("succeeded", "admin", "shop")
    assert SECRET not in str(Entry.objects.values())


def test_an_operator_is_refused_the_secrets_and_that_is_on_record(alice: User, shop: Site) -> None:
    answer = sent(alice, "post", f"sites/{shop.pk}/reveal")
    assert answer.status_code == 403
    assert SECRET not in answer.content.decode()
    assert Entry.objects.get(action="site.reveal").status == "refused"


# -- plans and verbs of a site -----------------------------------------------------------------


def test_an_operator_plans_and_releases_what_was_prepared(
    alice: User, shop: Site, found: list[Found]
) -> None:
    make_release(shop, 2, status="prepared")
    found[0] = nothing_there(folder_exists=True)
    plan = sent(alice, "post", f"sites/{shop.pk}/plan", {"kind": "release"}).json()
    assert plan["kind"] == "site.release"
    assert SECRET not in str(plan)
    body = {"number": 2, "plan_digest": plan["digest"]}
    answer = sent(alice, "post", f"sites/{shop.pk}/release", body)
    assert answer.status_code == 202
    assert answer.json()["params"] == body


@pytest.mark.parametrize(
    ("body", "code"),
    [({"kind": "disown"}, "bad_params"), ({"kind": "rollback"}, "no_release"),
     ({"kind": "release", "number": 9}, "no_release")],
)  # fmt: skip
def test_a_plan_that_cannot_be_made_says_why(
    alice: User, shop: Site, found: list[Found], body: dict[str, Any], code: str
) -> None:
    answer = sent(alice, "post", f"sites/{shop.pk}/plan", body)
    assert answer.json()["error"]["code"] == code


def test_a_viewer_looks_at_no_plan(bob: User, shop: Site, found: list[Found]) -> None:
    answer = sent(bob, "post", f"sites/{shop.pk}/plan", {"kind": "release"})
    assert answer.status_code == 403


# -- quarantine --------------------------------------------------------------------------------


def test_what_rests_is_listed_and_can_be_undone(
    admin: User, alice: User, host: Host, found: list[Found]
) -> None:
    row = make_quarantine(host)
    (told,) = sent(admin, "get", "quarantine").json()["items"]
    assert (told["name"], told["volumes"], told["host_name"]) == ("old", ["old_db"], "web1")
    answer = sent(admin, "post", f"quarantine/{row.pk}/restore")
    assert answer.status_code == 202
    assert Operation.objects.get().target_id == row.pk
    assert sent(alice, "get", "quarantine").status_code == 403


def test_destroying_for_good_wants_the_name(admin: User, host: Host, found: list[Found]) -> None:
    row = make_quarantine(host)
    path = f"quarantine/{row.pk}/purge"
    assert sent(admin, "post", path).json()["error"]["code"] == "confirm_mismatch"
    assert sent(admin, "post", path, {"confirm_name": "old"}).status_code == 202
