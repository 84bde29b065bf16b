"""Verbs on our own record of a site: what is worked on is left alone, the rest is done at once."""

from __future__ import annotations

import pytest

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_image
from provisioning.operations.contract import VerbError
from provisioning.releases.models import Release
from provisioning.releases.numbers import KEPT, retire_old
from sites.models import Site
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_quarantine, make_release, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


def ask(site: Site, kind: str) -> None:
    engine.start(kind, site, actor=COMMAND, confirm_name=site.name)


def test_a_draft_is_discarded() -> None:
    site = make_site(make_host(), stage="draft")
    make_release(site, status="prepared")
    ask(site, "site.discard")
    assert not Site.objects.exists() and not Release.objects.exists()


def test_a_site_is_given_back() -> None:
    site = make_site(make_host())
    make_release(site)
    ask(site, "site.disown")
    assert not Site.objects.get().managed and not Release.objects.exists()


@pytest.mark.parametrize(
    ("stage", "under_way", "kind"),
    [("draft", "site.provision", "site.discard"), ("live", "site.rollback", "site.disown")],
)
def test_what_is_worked_on_is_left_alone(stage: str, under_way: str, kind: str) -> None:
    site = make_site(make_host(), stage=stage)
    make_release(site)
    engine.start(under_way, site, actor=COMMAND)
    with pytest.raises(VerbError) as caught:
        ask(site, kind)
    assert caught.value.code == "busy"
    assert Site.objects.get().managed and Release.objects.exists()


def test_volumes_that_a_site_may_have_again_are_not_destroyed(
    fake: FakeHost,
) -> None:
    host = make_host()
    rests = make_quarantine(host, "shop")
    make_site(host, "shop")
    row = engine.start("quarantine.purge", rests, actor=COMMAND, confirm_name="shop")
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "in_use")
    assert not [words for words in fake.ran if "remove_volume" in words]
    rests.refresh_from_db()


def test_images_that_were_built_for_a_site_go_with_its_last_data(fake: FakeHost) -> None:
    built = {"com.docker.compose.project": "shop"}
    for image in (fake_image("shop-web:1", labels=built), fake_image("nginx:1.28")):
        fake.images[image.names[0]] = image
    rests = make_quarantine(make_host(), "shop")
    row = engine.start("quarantine.purge", rests, actor=COMMAND, confirm_name="shop")
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded", row.message
    assert list(fake.images) == ["nginx:1.28"]


def test_old_releases_go_and_pinned_ones_stay() -> None:
    site = make_site(make_host())
    for number in range(1, KEPT + 4):
        make_release(site, number, status="past", pinned=number == 1)
    make_release(site, KEPT + 4)
    assert retire_old(site) == [3, 2]
    assert retire_old(site) == []
    kept = set(site.releases.values_list("number", flat=True))
    assert kept == {1, *range(4, KEPT + 5)}
