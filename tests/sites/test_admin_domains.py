"""Pages of domains: list, one, adding, changing, passwords, removing; by whom and with what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from audit.models import Entry
from provisioning.models import Operation
from sites.models import Domain, Site
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Site:
    return make_site(make_host("web1"), "shop", domain="shop.example.org")


@pytest.fixture
def domain(shop: Site) -> Domain:
    found = Domain.objects.get(site=shop)
    found.routes = [{"path": "/api/", "service": "backend", "port": 8090}]
    found.basic_auth = {"dave": "$2b$12$aHashThatNobodySees"}
    found.save()
    return found


def of(domain: Domain, name: str = "change") -> str:
    return reverse(f"admin:sites_domain_{name}", args=[domain.pk])


def do(domain: Domain, kind: str) -> str:
    return reverse("admin:sites_domain_do", args=[domain.pk, f"domain.{kind}"])


def adding(site: Site) -> str:
    return reverse("admin:sites_site_domain", args=[site.pk])


def text_of(user: User, address: str) -> str:
    answer = logged_in(user).get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def sent(user: User, address: str, **data: Any) -> Any:
    return logged_in(user).post(address, data)


FORM = {"tls": "internal", "service": "", "port": "", "routes": "", "access_log": "on"}


def test_the_tab_of_a_site_lists_its_domains_and_offers_to_change_them(
    admin: User, bob: User, shop: Site, domain: Domain
) -> None:
    tab = reverse("admin:sites_site_change", args=[shop.pk]) + "?tab=domains"
    for user, offered in ((admin, True), (bob, False)):
        text = text_of(user, tab)
        assert "shop.example.org" in text and "asked of 1 user" in text
        assert (adding(shop) in text, of(domain, "edit") in text) == (offered, offered)


def test_the_page_of_a_domain_says_how_it_is_served_and_no_hash(
    admin: User, bob: User, domain: Domain
) -> None:
    for user, offered in ((admin, True), (bob, False)):
        text = text_of(user, of(domain))
        assert "/api/=backend:8090" in text and "dave" in text
        assert "$2b$" not in text
        assert (do(domain, "remove") in text) is offered
        assert (do(domain, "set-password") in text) is offered


def test_the_list_of_all_domains_is_searched_by_site(bob: User, domain: Domain) -> None:
    make_site(make_host("web2"), "blog", domain="blog.example.org")
    page = reverse("admin:sites_domain_changelist")
    assert "blog.example.org" in text_of(bob, page)
    for narrower in ("q=shop", "host=web1", "tls=off", "kind=alias"):
        assert "blog.example.org" not in text_of(bob, f"{page}?{narrower}"), narrower
    assert "blog.example.org" in text_of(bob, f"{page}?tls=acme&kind=primary")


def test_a_domain_is_added_with_all_that_can_be_said_of_it(admin: User, shop: Site) -> None:
    routes = "/api/=backend:8090\r\n\r\n/admin/=backend\r\n"
    given = {**FORM, "kind": "alias", "service": "web", "port": "8080", "routes": routes}
    answer = sent(admin, adding(shop), **{**given, "name": "WWW.shop.example.org."})
    assert answer.status_code == 302 and answer.url.endswith("?tab=domains")
    made = Domain.objects.get(name="www.shop.example.org")
    assert (made.kind, made.tls, made.service, made.port) == ("alias", "internal", "web", 8080)
    assert [one["path"] for one in made.routes] == ["/admin/", "/api/"]
    assert Entry.objects.filter(action="domain.add", actor_name="admin").exists()


def test_the_first_domain_is_primary_and_asked_no_question_about_it(admin: User) -> None:
    site = make_site(make_host("web2"), "blog")
    assert 'name="kind"' not in text_of(admin, adding(site))
    assert sent(admin, adding(site), **{**FORM, "name": "blog.example.org"}).status_code == 302
    assert Domain.objects.get(site=site).kind == "primary"


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("name", "no spaces", "name"),
        ("name", "shop.example.org", "taken"),
        ("routes", "/api/ to backend", "PATH"),
        ("routes", "/a b/=backend", "a path begins with /"),
        ("port", "70000", "65535"),
        ("service", "not a service", "service"),
        ("tls", "none", "not one of"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    admin: User, shop: Site, field: str, wrong: str, words: str
) -> None:
    given = {**FORM, "kind": "alias", "name": "www.shop.example.org", field: wrong}
    answer = sent(admin, adding(shop), **given)
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert Domain.objects.count() == 1


def test_a_domain_is_changed_and_shows_what_it_was(admin: User, domain: Domain) -> None:
    text = text_of(admin, of(domain, "edit"))
    assert "/api/=backend:8090" in text and 'name="name"' not in text
    given = {"tls": "off", "service": "web", "port": "", "routes": "/api/=backend"}
    answer = sent(admin, of(domain, "edit"), **given)
    assert answer.status_code == 302 and answer.url == of(domain)
    domain.refresh_from_db()
    assert (domain.tls, domain.service, domain.port, domain.access_log) == (
        "off",
        "web",
        None,
        False,
    )
    assert domain.routes == [{"path": "/api/", "service": "backend", "port": None}]


def test_another_primary_makes_the_one_before_an_alias(
    admin: User, shop: Site, domain: Domain
) -> None:
    sent(admin, adding(shop), **{**FORM, "kind": "alias", "name": "new.example.org"})
    other = Domain.objects.get(name="new.example.org")
    assert sent(admin, of(other, "edit"), **FORM, kind="primary").status_code == 302
    domain.refresh_from_db()
    assert domain.kind == "alias"


def test_a_password_is_set_and_taken_away_and_never_shown(admin: User, domain: Domain) -> None:
    page = text_of(admin, do(domain, "set-password"))
    assert 'type="password"' in page
    given = {"asked": "1", "username": "carol", "password": "hidden words"}
    answer = sent(admin, do(domain, "set-password"), **given)
    assert answer.status_code == 302
    domain.refresh_from_db()
    assert sorted(domain.basic_auth) == ["carol", "dave"]
    assert "hidden words" not in str(domain.basic_auth)

    assert 'value="dave"' in text_of(admin, do(domain, "remove-password") + "?username=dave")
    sent(admin, do(domain, "remove-password"), asked="1", username="dave")
    domain.refresh_from_db()
    assert list(domain.basic_auth) == ["carol"]


def test_a_refused_password_does_not_come_back(admin: User, domain: Domain) -> None:
    given = {"asked": "1", "username": "not a user", "password": "hidden words"}
    answer = sent(admin, do(domain, "set-password"), **given)
    assert answer.status_code == 422
    assert b"hidden words" not in answer.content


def test_it_is_removed_by_its_typed_name(admin: User, domain: Domain) -> None:
    assert "passwords of 1 user" in text_of(admin, do(domain, "remove"))
    assert sent(admin, do(domain, "remove"), asked="1", confirm_name="shop").status_code == 422
    answer = sent(admin, do(domain, "remove"), asked="1", confirm_name="shop.example.org")
    assert answer.status_code == 302 and answer.url.endswith("?tab=domains")
    assert not Domain.objects.exists()


def test_who_only_looks_changes_nothing(bob: User, shop: Site, domain: Domain) -> None:
    for address in (adding(shop), of(domain, "edit"), do(domain, "remove")):
        assert logged_in(bob).get(address).status_code == 403
        assert sent(bob, address, **FORM, confirm_name="shop.example.org").status_code == 403
    assert Domain.objects.filter(name="shop.example.org").exists()


def test_an_operation_on_a_domain_leads_to_its_page(admin: User, domain: Domain) -> None:
    sent(admin, of(domain, "edit"), **FORM)
    assert "domain.change" in text_of(admin, of(domain) + "?tab=audit")
    text = text_of(admin, of(domain) + "?tab=operations")
    key = Operation.objects.get(kind="domain.change").pk
    operation = f"{reverse('admin:provisioning_operation_changelist')}{key}/change/"
    assert operation in text and of(domain) in text_of(admin, operation)
