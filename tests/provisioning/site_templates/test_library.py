"""Templates are found wherever they come from, each version of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from provisioning.site_templates.library import all_templates, find, read_folder, shipped
from provisioning.site_templates.models import SiteTemplate
from provisioning.site_templates.shape import TemplateError
from tests.provisioning.site_templates.things import COMPOSE, MANIFEST


def _own(slug: str = "shop", versions: int = 1) -> SiteTemplate:
    row = SiteTemplate.objects.create(slug=slug, created_by="admin")
    for number in range(1, versions + 1):
        files = {"compose.yml": COMPOSE + f"# {number}\n"}
        row.versions.create(number=number, manifest=MANIFEST, files=files)
    return row


def test_four_come_along() -> None:
    assert list(shipped()) == ["node", "python", "static", "wordpress"]


@pytest.mark.django_db
def test_ones_own_stand_behind_them_with_their_newest_version() -> None:
    _own(versions=2)
    found = all_templates()
    assert [(each.id, each.origin) for each in found][-2:] == [
        ("wordpress", "shipped"), ("shop", "own"),
    ]  # fmt: skip
    assert (found[-1].version, found[-1].compose[-4:]) == (2, "# 2\n")


@pytest.mark.django_db
def test_an_older_version_is_found_by_its_number() -> None:
    _own(versions=3)
    older, newest = find("shop", 1), find("shop")
    assert older is not None
    assert newest is not None
    assert (older.version, newest.version) == (1, 3)
    assert find("shop", 4) is None
    assert find("static", 1) == shipped()["static"]
    assert find("static", 99) is None
    assert find("nothing") is None


@pytest.mark.django_db
def test_what_is_deleted_is_there_for_the_sites_that_run_it_only() -> None:
    row = _own()
    row.retired_at = timezone.now()
    row.save()
    assert [each.id for each in all_templates()] == list(shipped())
    assert [each.id for each in all_templates(with_retired=True)][-1] == "shop"
    assert find("shop") is None
    kept = find("shop", 1)
    assert kept is not None
    assert kept.retired


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_templates(
    django_assert_num_queries: object,
) -> None:
    for n in range(5):
        _own(f"shop-{n}", versions=2)
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(all_templates()) == 9


def test_a_folder_must_be_called_as_its_template(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "compose.yml").write_text(COMPOSE)
    (folder / "template.json").write_text(
        '{"id": "other", "name": "x", "web_service": "w", "web_port": 1}'
    )
    with pytest.raises(TemplateError, match="calls itself other"):
        read_folder(folder)
