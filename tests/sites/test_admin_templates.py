"""Templates in the console: a gallery, the page of one, and forms that say what is wrong where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from provisioning.site_templates.library import find
from provisioning.site_templates.models import SiteTemplate
from sites.models import Site
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.provisioning.site_templates.things import COMPOSE, MANIFEST

pytestmark = pytest.mark.django_db
ROOT = "/admin/provisioning/sitetemplate/"
TYPED = {
    "slug": "shop", "name": "Shop", "web_service": "web", "web_port": "80", "probe_path": "/",
    "memory_mb": "64", "disk_mb": "128", "secrets": "API_KEY", "stateless": "on",
    "params": json.dumps({"site_title": {"type": "string", "default": "Shop", "required": True}}),
    "compose": COMPOSE, "readme": "# Shop", "more_files": '{"build/Dockerfile": "FROM nginx:1.28"}',
}  # fmt: skip


def _own() -> SiteTemplate:
    row = SiteTemplate.objects.create(slug="shop")
    row.versions.create(number=1, manifest=MANIFEST, files={"compose.yml": COMPOSE})
    return row


def _text(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_the_gallery_shows_all_and_offers_what_one_may(bob: User, admin: User) -> None:
    _own()
    seen, managed = (_text(logged_in(who).get(ROOT)) for who in (bob, admin))
    for name in ("Static site", "WordPress", "Shop"):
        assert name in seen
    assert "New template" not in seen
    assert "New template" in managed


def test_the_page_of_one_shows_its_files_and_the_sites_one_sees(bob: User) -> None:
    Site.objects.create(host=make_host(), project="blog", name="blog-site", template="wordpress")
    page = _text(logged_in(bob).get(f"{ROOT}wordpress/"))
    assert "blog-site" in page
    assert "WORDPRESS_DB_PASSWORD: ${DB_PASSWORD:?}" in page
    assert "upload_limit_mb" in page
    assert "edit/" not in page


def test_what_is_typed_becomes_a_template(admin: User) -> None:
    answer = logged_in(admin).post(f"{ROOT}add/", TYPED)
    assert (answer.status_code, answer["Location"]) == (302, f"{ROOT}shop/")
    made = find("shop")
    assert made is not None
    said = made.manifest
    assert said.params.required == ("site_title",)
    assert [each.name for each in said.secrets] == ["API_KEY"]
    assert (said.stateless_services, said.memory_bytes) == (("web",), 64 * 2**20)
    assert set(made.files) == {"compose.yml", "README.md", "build/Dockerfile"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compose": "services: ["}, "line 1"),
        ({"compose": COMPOSE.replace("    restart", "    privileged: true\n    restart")},
         "services.web.privileged"),
        ({"params": "{"}, "This is not JSON"),
        ({"params": '{"site_title": {"type": "list"}}'}, "params.properties.site_title"),
        ({"more_files": '{"../x": "y"}'}, "below the site"),
        ({"slug": "static"}, "a template static already"),
        ({"secrets": ""}, "nothing sets API_KEY"),
        ({"web_service": "other"}, "no service other"),
        ({"more_files": '{"a": "\\u0000"}'}, "cannot be kept"),
        ({"params": '{"a": {"type": "integer", "default": NaN}}'}, "cannot be kept"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_kept(
    admin: User, changes: dict[str, str], words: str
) -> None:
    answer = logged_in(admin).post(f"{ROOT}add/", {**TYPED, **changes})
    assert answer.status_code == 422
    assert words in _text(answer)
    assert not SiteTemplate.objects.exists()


def test_a_copy_begins_with_all_of_the_original(admin: User) -> None:
    page: Any = logged_in(admin).get(f"{ROOT}add/?from=wordpress")
    initial = page.context_data["form"].initial
    typed = {name: value for name, value in initial.items() if value is not None}
    # As a browser sends it.
    typed["compose"] = typed["compose"].replace("\n", "\r\n")
    answer = logged_in(admin).post(f"{ROOT}add/", typed)
    assert answer["Location"] == f"{ROOT}my-wordpress/"
    copy, original = find("my-wordpress"), find("wordpress")
    assert copy is not None
    assert original is not None
    assert copy.files == original.files
    assert copy.manifest.params == original.manifest.params


def test_who_was_slower_is_told_and_keeps_what_was_typed(admin: User) -> None:
    row, client = _own(), logged_in(admin)
    row.versions.create(number=2, manifest=MANIFEST, files={"compose.yml": COMPOSE})
    typed = {**TYPED, "name": "My new name", "base_version": "1"}
    answer = client.post(f"{ROOT}shop/edit/", typed)
    assert answer.status_code == 422
    assert "has version 2 by now" in _text(answer)
    assert "My new name" in _text(answer)
    assert client.post(f"{ROOT}shop/edit/", {**typed, "base_version": "2"}).status_code == 302
    assert row.versions.count() == 3


def test_deleting_asks_for_the_name(admin: User) -> None:
    _own()
    client = logged_in(admin)
    assert "no new site can be made from it" in _text(client.get(f"{ROOT}shop/delete/"))
    wrong = client.post(f"{ROOT}shop/delete/", {"asked": "1", "confirm_name": "shopp"})
    assert wrong.status_code == 422
    assert SiteTemplate.objects.exists()
    client.post(f"{ROOT}shop/delete/", {"asked": "1", "confirm_name": "shop"})
    assert not SiteTemplate.objects.exists()


def test_what_came_along_has_no_form(admin: User) -> None:
    client = logged_in(admin)
    assert client.get(f"{ROOT}static/edit/").status_code == 404
    assert client.get(f"{ROOT}static/delete/").status_code == 404


def test_the_page_of_one_leads_to_a_new_site_for_who_may_make_one(bob: User, admin: User) -> None:
    there = "/admin/sites/site/add/?template=wordpress"
    seen, managed = (_text(logged_in(who).get(f"{ROOT}wordpress/")) for who in (bob, admin))
    assert there not in seen
    assert there in managed
