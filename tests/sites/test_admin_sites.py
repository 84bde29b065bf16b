"""Pages of sites: list, tabs, plans, configuration, removing, new ones; by whom and with what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.models import Operation, Quarantine
from provisioning.plans.facts import Found
from provisioning.releases.models import Release
from sites.models import Domain, Host, Site
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import (
    COMPOSE,
    ENV,
    make_proxy,
    make_quarantine,
    make_release,
    make_site,
    nothing_there,
)

pytestmark = pytest.mark.django_db
SECRET = ENV["DB_PASSWORD"]


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[Found | DriverError]:
    """What each plan finds on the host, or why it cannot be read."""
    there: list[Found | DriverError] = [nothing_there()]

    def read(*given: Any) -> Found:
        if isinstance(there[0], DriverError):
            raise there[0]
        return there[0]

    monkeypatch.setattr("provisioning.plans.asking.host_driver", lambda target: FakeHost())
    monkeypatch.setattr("provisioning.plans.asking.read_found", read)
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return there


@pytest.fixture
def host() -> Host:
    return make_proxy(make_host()).host


@pytest.fixture
def shop(host: Host) -> Site:
    site = make_site(host, domain="shop.example.org")
    make_release(site)
    make_container(host, "shop-web-1", site=site)
    return site


def page(site: Site, tab: str = "") -> str:
    return reverse("admin:sites_site_change", args=[site.pk]) + (f"?tab={tab}" if tab else "")


def do(site: Site, kind: str) -> str:
    return reverse("admin:sites_site_do", args=[site.pk, f"site.{kind}"])


def text_of(user: User, address: str, **data: Any) -> str:
    answer = logged_in(user).get(address, data)
    assert answer.status_code == 200, answer
    return answer.content.decode()


# -- the list ----------------------------------------------------------------------------------


def test_the_list_tells_state_domains_template_and_release(bob: User, shop: Site) -> None:
    Domain.objects.create(site=shop, host=shop.host, name="a.example.org", kind="alias")
    text = text_of(bob, reverse("admin:sites_site_changelist"))
    for words in ("1 of 1 running", "shop.example.org", "static", "#1"):
        assert words in text
    assert text.index("shop.example.org") < text.index("a.example.org</span>")
    assert "New site" not in text and "Quarantine" not in text


def test_the_list_takes_the_same_queries_for_any_number_of_rows(bob: User, host: Host) -> None:
    client, address = logged_in(bob), reverse("admin:sites_site_changelist")
    counts = []
    for number in range(3):
        make_release(make_site(host, f"site{number}", domain=f"{number}.example.org"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(address)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_the_list_is_filtered_by_template_and_stage(bob: User, shop: Site) -> None:
    make_site(shop.host, "blog", template="wordpress", stage="draft")
    address = reverse("admin:sites_site_changelist")
    text = text_of(bob, address, template="wordpress")
    assert ">blog</a>" in text and ">shop</a>" not in text
    assert ">shop</a>" not in text_of(bob, address, stage__exact="draft")


# -- the page of a site ------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["overview", "releases", "config", "operations", "audit"])
def test_each_tab_opens_and_none_tells_a_secret(admin: User, shop: Site, tab: str) -> None:
    assert SECRET not in text_of(admin, page(shop, tab))
    found = Site.objects.create(host=shop.host, project="found", name="found")
    assert SECRET not in text_of(admin, page(found, tab))


def test_no_other_tab_opens(admin: User, shop: Site) -> None:
    assert logged_in(admin).get(page(shop, "secrets")).status_code == 404


def test_buttons_are_those_that_make_sense_and_are_allowed(
    admin: User, alice: User, bob: User, shop: Site
) -> None:
    make_release(shop, 2, status="prepared")
    draft = make_site(shop.host, "blog", stage="draft")
    found = Site.objects.create(host=shop.host, project="found", name="found")
    expected = {
        (shop, admin): {"release", "disown", "deprovision"},
        (shop, alice): {"release"},
        (shop, bob): set(),
        (draft, admin): {"provision", "discard"},
        (draft, alice): set(),
        (found, admin): {"adopt"},
    }
    for (site, user), names in expected.items():
        text = text_of(user, page(site))
        offered = {name for name in ("release", "rollback", "adopt", "disown", "deprovision",
                                     "provision", "discard") if do(site, name) in text}  # fmt: skip
        assert offered == names, (site, user)


def test_releases_lead_forward_and_back(alice: User, shop: Site) -> None:
    make_release(shop, 2, status="past")
    make_release(shop, 3, status="prepared")
    make_release(shop, 4, status="failed", message="shop-web-1 is unhealthy.")
    text = text_of(alice, page(shop, "releases"))
    assert f"{do(shop, 'rollback')}?number=2" in text
    assert f"{do(shop, 'release')}?number=3" in text
    assert "shop-web-1 is unhealthy." in text


def test_a_release_shows_what_differs(bob: User, shop: Site) -> None:
    env = {**ENV, "SITE_TITLE": "Shop 2", "DB_PASSWORD": "another-secret"}
    make_release(shop, 2, status="prepared", env=env)
    address = reverse("admin:sites_site_release", args=[shop.pk, 2])
    text = text_of(bob, address)
    assert '<li data-kind="new">+SITE_TITLE=Shop 2</li>' in text
    assert "another-secret" not in text and SECRET not in text
    assert "Nothing differs" in text_of(bob, address, against=2)
    client = logged_in(bob)
    assert client.get(address, {"against": 9}).status_code == 404
    missing = reverse("admin:sites_site_release", args=[shop.pk, 9])
    assert client.get(missing).status_code == 404


def test_a_release_is_pinned_by_a_button(alice: User, shop: Site) -> None:
    client = logged_in(alice)
    client.post(do(shop, "pin"), {"number": "1", "pinned": "true"})
    assert Release.objects.get().pinned
    client.post(do(shop, "pin"), {"number": "1", "pinned": "false"})
    assert not Release.objects.get().pinned


# -- plans -------------------------------------------------------------------------------------


def test_the_plan_stands_before_the_button_and_its_digest_goes_along(
    alice: User, shop: Site, found: list[Any]
) -> None:
    make_release(shop, 2, status="prepared", compose=COMPOSE.replace("1.27", "1.28"))
    found[0] = nothing_there(folder_exists=True, texts={"compose.yml": COMPOSE.encode()})
    answer = logged_in(alice).get(do(shop, "release"))
    plan = answer.context["plan"]
    text = answer.content.decode()
    assert "+    image: nginx:1.28" in text
    assert plan.digest in text and SECRET not in text
    sent = {"asked": "1", "number": "2", "plan_digest": plan.digest}
    assert logged_in(alice).post(do(shop, "release"), sent).status_code == 302
    assert Operation.objects.get().params == {"number": 2, "plan_digest": plan.digest}


def test_what_is_in_the_way_takes_the_button_away(
    admin: User, host: Host, found: list[Any]
) -> None:
    site = make_site(host, stage="draft")
    make_release(site, status="prepared")
    found[0] = nothing_there(volumes=frozenset({"shop_db"}))
    text = text_of(admin, do(site, "provision"))
    assert "The volume shop_db is there already" in text
    assert "Provision</button>" not in text
    again = text_of(admin, do(site, "provision"), reuse_volumes="1")
    assert "Provision</button>" in again and "its data is used" in again


def test_a_host_that_cannot_be_read_is_told_and_nothing_is_offered(
    alice: User, shop: Site, found: list[Any]
) -> None:
    make_release(shop, 2, status="prepared")
    found[0] = DriverError("web1 does not answer.", "unreachable")
    text = text_of(alice, do(shop, "release"))
    assert "web1 does not answer." in text
    assert "Release</button>" not in text


def test_nothing_to_release_is_told(alice: User, shop: Site) -> None:
    assert "has no such release" in text_of(alice, do(shop, "release"))


# -- removing ----------------------------------------------------------------------------------


def labelled(name: str, project: str, **values: Any) -> ContainerState:
    return fake_container(name, labels={"com.docker.compose.project": project}, **values)


def test_the_dialog_lists_what_is_lost_and_what_is_kept(
    admin: User, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = FakeHost(containers=[labelled("shop-web-1", "shop"), labelled("blog-web-1", "blog")])
    monkeypatch.setattr("provisioning.previews.host_driver", lambda target: host)
    text = text_of(admin, do(shop, "deprovision"))
    assert "Container shop-web-1" in text and "blog-web-1" not in text
    assert "Its address: shop.example.org" in text
    assert "Files in /srv/sites/shop" in text
    body = {"asked": "1", "remove_volumes": "on", "confirm_name": "shop"}
    answer = logged_in(admin).post(do(shop, "deprovision"), body)
    assert answer.status_code == 302
    assert Operation.objects.get().params == {
        "remove_volumes": True, "remove_files": False, "keep_certificate": False,
    }  # fmt: skip


def test_a_dead_host_does_not_keep_the_dialog_shut(
    admin: User, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(target: Any) -> Any:
        raise DriverError("web1 does not answer.", "unreachable")

    monkeypatch.setattr("provisioning.previews.host_driver", gone)
    text = text_of(admin, do(shop, "deprovision"))
    assert "cannot be listed now" in text and "Its address: shop.example.org" in text


def test_quarantine_lists_what_rests_and_leads_back(admin: User, host: Host) -> None:
    row = make_quarantine(host)
    root = reverse("admin:provisioning_quarantine_changelist")
    text = text_of(admin, root)
    assert "old_db" in text and f"{row.pk}/do/quarantine.restore/" in text
    purge = reverse("admin:provisioning_quarantine_do", args=[row.pk, "quarantine.purge"])
    assert "Volume old_db with all its data" in text_of(admin, purge)
    client = logged_in(admin)
    assert client.post(purge, {"asked": "1", "confirm_name": "no"}).status_code == 422
    assert client.post(purge, {"asked": "1", "confirm_name": "old"}).status_code == 302
    assert Quarantine.objects.exists()  # a worker does it
    assert "Quarantine" in text_of(admin, reverse("admin:sites_site_changelist"))


# -- configuration -----------------------------------------------------------------------------


def edit(site: Site, user: User, **changed: str) -> Any:
    client = logged_in(user)
    form = client.get(page(site, "config")).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields} | changed
    return client.post(reverse("admin:sites_site_config", args=[site.pk]), sent)


def test_an_edit_is_shown_before_it_is_kept(admin: User, shop: Site) -> None:
    compose = COMPOSE.replace("1.27", "1.28").replace("\n", "\r\n")
    answer = edit(shop, admin, compose=compose, do="check")
    assert answer.status_code == 200
    assert '<li data-kind="new">+    image: nginx:1.28</li>' in answer.content.decode()
    assert shop.releases.count() == 1


def test_an_edit_becomes_a_release_and_leads_to_its_plan(admin: User, shop: Site) -> None:
    env = "SITE_TITLE='Shop 2'\nDB_PASSWORD='•••'\n"
    answer = edit(shop, admin, env=env, message="Another title")
    assert answer.headers["Location"] == f"{do(shop, 'release')}?number=2"
    row = Release.objects.get(number=2)
    assert (row.reveal(), row.message) == ({**ENV, "SITE_TITLE": "Shop 2"}, "Another title")
    assert row.compose == COMPOSE
    assert "Release 2 is prepared" in text_of(admin, page(shop, "config"))


def test_a_mistake_stands_at_its_field_and_keeps_the_text(admin: User, shop: Site) -> None:
    answer = edit(shop, admin, compose="services: [", do="save")
    assert answer.status_code == 200
    assert answer.context["form"].errors["compose"]
    assert "services: [" in answer.content.decode()
    assert shop.releases.count() == 1


def test_who_edits_what_somebody_else_changed_is_told(admin: User, shop: Site) -> None:
    Site.objects.filter(pk=shop.pk).update(revision=2)
    answer = edit(shop, admin, revision="1", message="late")
    assert "was changed meanwhile" in answer.content.decode()
    assert shop.releases.count() == 1


def test_an_operator_reads_the_configuration_and_does_not_change_it(
    alice: User, shop: Site
) -> None:
    text = text_of(alice, page(shop, "config"))
    assert "nginx:1.27" in text and "<textarea" not in text
    answer = logged_in(alice).post(
        reverse("admin:sites_site_config", args=[shop.pk]), {"revision": "1"}
    )
    assert answer.status_code == 403


def test_secrets_show_after_a_button_only_and_on_record(
    admin: User, alice: User, shop: Site
) -> None:
    address = reverse("admin:sites_site_reveal", args=[shop.pk])
    client = logged_in(admin)
    assert client.get(address).status_code == 302
    assert not Entry.objects.filter(action="site.reveal").exists()
    answer = client.post(address)
    assert SECRET in answer.content.decode()
    assert answer.headers["Cache-Control"].count("no-store")
    assert logged_in(alice).post(address).status_code == 403
    assert set(Entry.objects.filter(action="site.reveal").values_list("status", flat=True)) == {
        "succeeded", "refused",
    }  # fmt: skip
