"""The page that tells what an account can do, and why."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from sites.models import Grant, Site
from tests.people import logged_in, person
from tests.provisioning.rows import make_host
from tests.siteflow.people.pages_of import token_of, user_url

pytestmark = pytest.mark.django_db


def test_the_page_tells_what_and_why(office: Client, charlie: User) -> None:
    host = make_host("web1")
    shop = Site.objects.create(host=host, project="shop", name="shop")
    Site.objects.create(host=host, project="blog", name="blog")
    grant = Grant.objects.create(role=Group.objects.get(name="viewer"), user=charlie, site=shop)
    url = user_url("can", charlie)
    page = office.get(url).content.decode()
    assert "1 of 2" in page and f"viewer on site shop (grant {grant.pk})" in page
    asked = office.get(f"{url}?thing=site:shop@web1").context["answers"]
    assert [one.label for one in asked if one.yes] == ["See"]
    assert {"Tag", "Release", "Deprovision"} <= {one.label for one in asked}
    assert "no role allows it here" in office.get(url, {"thing": "host:web1"}).content.decode()
    assert "site:blog@web1" in office.get(url, {"thing": "blo"}).content.decode()
    assert "There is no host" in office.get(url, {"thing": "host:nowhere"}).content.decode()
    listed = office.get(url, {"of": "site.see"}).content.decode()
    assert ">shop<" in listed and ">blog<" not in listed
    for wrong in ("of=site.burn", "of=host.add", "token=7", "token=x"):
        assert office.get(f"{url}?{wrong}").status_code == 404


def test_the_page_narrows_to_a_token(office: Client, alice: User, bob: User) -> None:
    make_host("web1")
    token, _ = token_of(alice, "read")
    url = user_url("can", alice)
    page = office.get(f"{url}?token={token.pk}&thing=host:web1")
    assert [one.yes for one in page.context["answers"][:2]] == [True, False]
    assert "the token has no scope operate" in page.content.decode()
    assert office.get(user_url("can", bob), {"token": token.pk}).status_code == 404


def test_a_disabled_account_can_do_nothing(office: Client, alice: User) -> None:
    make_host("web1")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    page = office.get(user_url("can", alice))
    assert "disabled" in page.content.decode()
    assert {line.number for line in page.context["seen"]} == {0}


def test_a_long_list_is_paged(office: Client, bob: User) -> None:
    host = make_host("web1")
    Site.objects.bulk_create(
        Site(host=host, project=f"p{n:03}", name=f"p{n:03}") for n in range(120)
    )
    url = user_url("can", bob)
    page = office.get(f"{url}?of=site.see&p=3").content.decode()
    assert "101–120 of 120" in page and "p119" in page and "p099" not in page


def test_nobody_learns_names_of_what_they_may_not_see(charlie: User, alice: User) -> None:
    person("admin")
    make_host("secret1")
    charlie.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = logged_in(charlie)
    url = user_url("can", alice)
    for query in ("", "of=host.see", "thing=host:secret1", "thing=secret"):
        answer = client.get(f"{url}?{query}")
        assert answer.status_code == 200
        text = answer.content.decode().replace('value="host:secret1"', "")
        assert "secret1" not in text.replace("&#x27;secret1&#x27;", ""), query
