"""A new site in the console: gallery, form, plan, provisioning; by whom and where."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from provisioning.drivers.errors import DriverError
from provisioning.models import Operation
from sites.models import Host, Site
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.sites.test_admin_sites import found, host, page, shop, text_of

__all__ = ["found", "host", "shop"]
pytestmark = pytest.mark.django_db
NEW: dict[str, Any] = {
    "template": "static", "name": "docs", "domain": "docs.example.org", "aliases": "",
    "tls": "acme", "environment": "production", "tenant": "sites",
    "param_site_title": "Docs", "param_site_language": "en", "param_editor_name": "editor",
}  # fmt: skip
ADD = "/admin/sites/site/add/"


def sent(client: Client, host: Host, **changed: Any) -> Any:
    headers = {"Accept": "application/json"} if changed.get("do") == "check" else {}
    return client.post(ADD, {**NEW, "host": host.pk, **changed}, headers=headers)


def test_the_gallery_leads_to_a_form_made_from_the_template(admin: User, host: Host) -> None:
    assert "?template=wordpress" in text_of(admin, ADD)
    text = text_of(admin, ADD, template="python")
    assert 'name="param_web_workers"' in text and 'max="16"' in text
    assert logged_in(admin).get(ADD, {"template": "nothing"}).status_code == 404


def test_from_the_form_to_the_plan_to_the_operation(admin: User, host: Host) -> None:
    client = logged_in(admin)
    planned = sent(client, host, do="plan")
    digest = planned.context["plan"].digest
    assert "+SITE_TITLE=Docs" in planned.content.decode()
    assert not Site.objects.exists()
    answer = sent(client, host, do="provision", plan_digest=digest)
    operation = Operation.objects.get(kind="site.provision")
    where = reverse("admin:provisioning_operation_change", args=[operation.pk])
    assert answer.headers["Location"] == where
    assert operation.params == {"plan_digest": digest, "reuse_volumes": False}
    site = Site.objects.get()
    assert (site.name, site.params["site_title"]) == ("docs", "Docs")
    assert page(site) in text_of(admin, where)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "Not A Name"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "shop"}, "name"),
        ({"domain": "shop.example.org"}, "domain"),
        ({"environment": "!"}, "environment"),
        ({"param_site_language": "deutsch"}, "param_site_language"),
        ({"param_site_title": ""}, "param_site_title"),
        ({"param_editor_name": "Ed"}, "param_editor_name"),
    ],
)
def test_mistakes_show_at_their_field_while_typing_and_when_planning(
    admin: User, shop: Site, changed: dict[str, str], field: str
) -> None:
    client = logged_in(admin)
    told = sent(client, shop.host, do="check", **changed).json()
    assert list(told["errors"]) == [field]
    planned = sent(client, shop.host, do="plan", **changed)
    assert list(planned.context["form"].errors) == [field]
    assert "plan" not in planned.context
    assert Site.objects.count() == 1


def test_a_form_that_is_right_has_nothing_to_say(admin: User, host: Host) -> None:
    assert sent(logged_in(admin), host, do="check").json() == {"errors": {}}
    assert not Site.objects.exists()


def test_a_dead_host_is_told_above_the_form(admin: User, host: Host, found: list[Any]) -> None:
    found[0] = DriverError("web1 does not answer.", "unreachable")
    assert "web1 does not answer." in sent(logged_in(admin), host, do="plan").content.decode()


def test_only_who_manages_sites_makes_one_and_only_where(
    admin: User, alice: User, host: Host
) -> None:
    assert logged_in(alice).get(ADD).status_code == 403
    assert logged_in(alice).post(ADD, {**NEW, "host": host.pk}).status_code == 403
    pending = make_host("web2", state="setup_pending")
    planned = sent(logged_in(admin), pending, do="plan")
    assert list(planned.context["form"].errors) == ["host"]


def test_the_files_of_a_build_are_one_line_of_the_plan(admin: User, host: Host) -> None:
    answer = sent(logged_in(admin), host, do="plan")
    files = [one.name for one in answer.context["plan"].to_do if one.name.startswith("build/")]
    text = answer.content.decode()
    assert f"Create {len(files)} files of the build" in text
    assert all(name in text for name in files)
