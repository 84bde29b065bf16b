"""Another version of a template: what people changed of the last one stays."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.operations.contract import VerbError
from provisioning.releases.editing import Configuration, edited
from provisioning.releases.models import Release
from provisioning.releases.numbers import KEPT, retire_old
from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from sites.models import Site
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_release, make_site
from tests.siteflow.permission_table import TEMPLATE

pytestmark = pytest.mark.django_db
FIRST = {
    "SITE_TITLE": "Shop", "SITE_COLOR": "red", "OLD_WAY": "yes", "DB_PASSWORD": "never-to-be-seen",
}  # fmt: skip


@pytest.fixture
def site() -> Site:
    """Of a template whose second version has another default, one more value and one less."""
    row = SiteTemplate.objects.create(slug="plain")
    properties = {
        "site_title": {"type": "string", "default": "None"},
        "site_color": {"type": "string", "default": "blue"},
        "site_font": {"type": "string", "default": "serif"},
    }
    secrets = [{"name": "DB_PASSWORD", "length": 24}, {"name": "NEW_SECRET", "length": 24}]
    manifest = {**TEMPLATE["manifest"], "secrets": secrets,
                "params": {"type": "object", "properties": properties}}  # fmt: skip
    files = TEMPLATE["files"] | {"compose.yml": second()}
    TemplateVersion.objects.create(template=row, number=2, manifest=manifest, files=files)
    return make_site(
        make_host(), template="plain", template_version=1, params={"site_title": "Shop"}
    )


def second() -> str:
    return str(TEMPLATE["files"]["compose.yml"]) + "# second\n"


def upgraded(base: Release, **given: Any) -> Release:
    told = Configuration(revision=1, template_version=2, **given)
    return edited(base, told, number=9, by="alice")


def test_what_nobody_changed_is_the_templates(site: Site) -> None:
    row = upgraded(make_release(site, env=FIRST))
    env = row.reveal()
    assert row.compose == second() and row.template_version == 2
    assert (env["SITE_COLOR"], env["SITE_FONT"]) == ("blue", "serif")
    assert "OLD_WAY" not in env
    assert env["DB_PASSWORD"] == FIRST["DB_PASSWORD"] and len(env["NEW_SECRET"]) == 24
    assert row.secret_names == ["DB_PASSWORD", "NEW_SECRET"]


def test_what_people_changed_stays(site: Site) -> None:
    make_release(site, status="past", env=FIRST)
    changed = FIRST | {"SITE_COLOR": "green", "OLD_WAY": "no", "ADDED": "mine"}
    changed.pop("SITE_TITLE")
    env = upgraded(make_release(site, 2, env=changed)).reveal()
    assert (env["SITE_COLOR"], env["OLD_WAY"], env["ADDED"]) == ("green", "no", "mine")
    assert "SITE_TITLE" not in env and env["SITE_FONT"] == "serif"


def test_what_is_changed_with_it_counts(site: Site) -> None:
    base = make_release(site, env=FIRST)
    env = upgraded(base, env="SITE_TITLE=Other\nSITE_COLOR=red\nDB_PASSWORD=•••\n").reveal()
    assert (env["SITE_TITLE"], env["SITE_COLOR"], env["SITE_FONT"]) == ("Other", "blue", "serif")
    assert env["DB_PASSWORD"] == FIRST["DB_PASSWORD"]


def test_a_compose_file_that_people_changed_is_not_overwritten(site: Site) -> None:
    make_release(site, status="past", env=FIRST)
    own = "services:\n  web: {image: nginx:1.28}\n"
    base = make_release(site, 2, env=FIRST, compose=own)
    with pytest.raises(VerbError) as refused:
        upgraded(base)
    assert (refused.value.code, refused.value.field) == ("compose_edited", "compose")
    merged = own + "# with what version 2 brings\n"
    assert upgraded(base, compose=merged).compose == merged


def test_how_the_template_made_it_is_kept(site: Site) -> None:
    for number in range(1, KEPT + 4):
        make_release(site, number, status="past", env=FIRST)
    make_release(site, KEPT + 4, env=FIRST)
    assert retire_old(site) == [3, 2]
    assert site.releases.filter(number=1).exists()
