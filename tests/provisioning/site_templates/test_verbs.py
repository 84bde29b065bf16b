"""Templates of one's own: made, changed version by version, deleted; by API and command too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from audit.models import Entry
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.site_templates.library import find
from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from sites.models import Site
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_templates.things import COMPOSE, MANIFEST

pytestmark = pytest.mark.django_db
CONTENT: dict[str, Any] = {"manifest": MANIFEST, "files": {"compose.yml": COMPOSE}}
OTHER = {**CONTENT, "files": {"compose.yml": COMPOSE + "# other\n"}}


def create(name: str = "shop", **changes: Any) -> Operation:
    return engine.start(
        "template.create", actor=COMMAND, params={**CONTENT, "name": name, **changes}
    )


def edit(row: SiteTemplate, **params: Any) -> Operation:
    return engine.start("template.edit", row, actor=COMMAND, params={**OTHER, **params})


def delete(row: SiteTemplate) -> Operation:
    return engine.start("template.delete", row, actor=COMMAND, confirm_name=row.slug)


def test_a_template_of_ones_own_is_there_at_once_and_on_record() -> None:
    operation = create()
    assert operation.result["template"] == "shop"
    template = find("shop")
    assert template is not None
    assert (template.version, template.origin, template.compose) == (1, "own", COMPOSE)
    entries = Entry.objects.filter(action="template.create")
    assert [each.phase for each in entries.order_by("id")] == ["intent", "outcome"]


def test_id_and_version_are_not_the_manifests_to_tell() -> None:
    create(manifest={**MANIFEST, "id": "static", "version": 99})
    template = find("shop")
    assert template is not None
    assert (template.id, template.version) == ("shop", 1)
    assert not {"id", "version"} & TemplateVersion.objects.get().manifest.keys()


def test_an_edit_makes_the_next_version_and_leaves_the_first() -> None:
    create()
    row = SiteTemplate.objects.get()
    edit(row, base_version=1)
    newest, first = find("shop"), find("shop", 1)
    assert newest is not None
    assert first is not None
    assert (newest.version, newest.compose[-8:]) == (2, "# other\n")
    assert first.compose == COMPOSE


def test_who_edits_an_older_version_is_told() -> None:
    create()
    row = SiteTemplate.objects.get()
    edit(row, base_version=1)
    with pytest.raises(VerbError, match="has version 2 by now"):
        edit(row, base_version=1, files={"compose.yml": COMPOSE + "# third\n"})
    assert row.versions.count() == 2


def test_an_edit_that_changes_nothing_makes_no_version() -> None:
    create()
    with pytest.raises(VerbError, match="Nothing differs"):
        edit(SiteTemplate.objects.get(), **CONTENT)


@pytest.mark.parametrize("name", ["static", "shop", "add"])
def test_a_name_is_taken_once(name: str) -> None:
    create()
    with pytest.raises(VerbError) as refused:
        create(name)
    assert (refused.value.code, refused.value.field) == ("taken", "name")


def test_what_no_site_runs_is_gone_and_its_name_free_again() -> None:
    create()
    delete(SiteTemplate.objects.get())
    assert not SiteTemplate.objects.exists()
    create()


def test_what_a_site_runs_stays_for_that_site_only() -> None:
    create()
    Site.objects.create(
        host=make_host("web1"), project="a", name="a", template="shop", template_version=1
    )
    row = SiteTemplate.objects.get()
    assert "1 site(s) run on" in delete(row).message
    assert find("shop") is None
    assert find("shop", 1) is not None
    with pytest.raises(VerbError, match="is deleted"):
        edit(row)


def test_to_delete_one_its_name_is_typed() -> None:
    create()
    with pytest.raises(EngineError, match="Type the name 'shop'"):
        engine.start("template.delete", SiteTemplate.objects.get(), actor=COMMAND)


def test_the_api_makes_changes_shows_and_deletes(admin: User) -> None:
    client = logged_in(admin)
    made = _send(client.post, "/api/templates", {**CONTENT, "name": "shop"})
    assert (made["id"], made["version"], made["origin"]) == ("shop", 1, "own")
    changed = _send(client.put, "/api/templates/shop", {**OTHER, "base_version": 1})
    assert [each["number"] for each in changed["versions"]] == [2, 1]
    first = client.get("/api/templates/shop?version=1").json()
    assert first["files"] == CONTENT["files"]
    assert first["params"]["properties"]["workers"]["maximum"] == 8
    listed = client.get("/api/templates").json()["templates"]
    assert [each["id"] for each in listed] == ["node", "python", "static", "wordpress", "shop"]
    _send(client.delete, "/api/templates/shop", {"confirm_name": "shop"})
    assert client.get("/api/templates/shop").status_code == 404


def test_the_api_says_what_is_wrong_and_where(admin: User) -> None:
    client = logged_in(admin)
    body = {**CONTENT, "name": "shop", "files": {"compose.yml": "services: ["}}
    answer = client.post("/api/templates", json.dumps(body), content_type="application/json")
    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (422, "files")
    assert error["message"].startswith("compose.yml: line 1:")
    assert client.put("/api/templates/static", "{}", "application/json").status_code == 422


def test_what_came_along_cannot_be_changed(admin: User) -> None:
    client = logged_in(admin)
    body = json.dumps(CONTENT)
    assert client.put("/api/templates/static", body, "application/json").status_code == 404


def test_the_short_list_has_what_a_gallery_needs(bob: User) -> None:
    found = logged_in(bob).get("/api/provision/templates").json()["templates"]
    assert found[0] == {
        "id": "node", "name": "Node.js application with a CMS", "cms": "Payload CMS",
        "description": found[0]["description"], "stack": "Node.js + Payload + MongoDB",
        "best_for": "Headless apps, APIs, custom content types",
        "required_services": ["node", "mongodb"],
    }  # fmt: skip


def test_the_command_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    create()
    call_command("template", "list")
    assert "shop" in capsys.readouterr().out
    call_command("template", "show", "static", "--json")
    assert json.loads(capsys.readouterr().out)["web_port"] == 80
    call_command("template", "show", "shop")
    shown = capsys.readouterr().out
    assert "site_title" in shown
    assert "compose.yml" in shown
    call_command("template", "show", "shop", "--file", "compose.yml")
    assert capsys.readouterr().out.strip() == COMPOSE.strip()


def _send(method: Any, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = method(path, json.dumps(body), content_type="application/json")
    assert answer.status_code < 300, answer.content
    found: dict[str, Any] = answer.json()
    return found
