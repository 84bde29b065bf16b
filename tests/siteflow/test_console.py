"""The frame and the first page: who gets in, what each role sees; reading changes nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from provisioning import engine
from provisioning.models import Operation
from sites.models import Container, Host, Site
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def things() -> dict[str, Any]:
    """One of each, so that every page has something to show."""
    host = make_host("web1")
    site = Site.objects.create(host=host, project="shop", name="shop")
    container = make_container(host, site=site)
    operation = engine.start("container.restart", container, actor=COMMAND)
    return {"host": host, "site": site, "container": container, "operation": operation}


def pages(things: dict[str, Any]) -> list[str]:
    """Every page that a viewer may read."""
    entry = Entry.objects.latest("id")
    return [
        reverse("admin:index"),
        reverse("admin:sites_site_changelist"),
        reverse("admin:sites_site_change", args=[things["site"].pk]),
        reverse("admin:sites_container_changelist"),
        *_tabs("sites_container", things["container"].pk, "overview logs operations audit"),
        reverse("admin:sites_host_changelist"),
        *_tabs("sites_host", things["host"].pk, "overview containers services operations audit"),
        reverse("admin:provisioning_certificate_changelist"),
        reverse("admin:provisioning_sitebackup_changelist"),
        reverse("admin:provisioning_operation_changelist"),
        reverse("admin:provisioning_operation_change", args=[things["operation"].pk]),
        reverse("admin:audit_entry_changelist"),
        reverse("admin:audit_entry_change", args=[entry.pk]),
        reverse("admin:password_change"),
    ]


def _tabs(model: str, key: int, names: str) -> list[str]:
    page = reverse(f"admin:{model}_change", args=[key])
    return [f"{page}?tab={name}" for name in names.split()]


def changing_pages(things: dict[str, Any]) -> list[str]:
    """Addresses that do something when they are posted to."""
    container, host = things["container"].pk, things["host"].pk
    return [
        reverse("admin:sites_container_do", args=[container, "container.restart"]),
        reverse("admin:sites_container_do", args=[container, "container.remove"]),
        reverse("admin:sites_container_bulk", args=["container.stop"]),
        reverse("admin:sites_host_do", args=[host, "host.test"]),
        reverse("admin:sites_host_do", args=[host, "host.approve-key"]),
        reverse("admin:sites_host_do", args=[host, "host.remove"]),
        reverse("admin:sites_host_add"),
        reverse("admin:sites_host_set_up"),
        reverse("admin:sites_host_edit", args=[host]),
        reverse("admin:provisioning_operation_cancel", args=[things["operation"].pk]),
        reverse("admin:provisioning_operation_retry", args=[things["operation"].pk]),
    ]


@pytest.mark.parametrize("name", ["admin", "alice", "bob"])
def test_every_role_can_read_every_page(
    name: str, things: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    client = logged_in(request.getfixturevalue(name))
    for page in pages(things):
        assert client.get(page).status_code == 200, page


def test_without_a_role_every_page_says_so(charlie: User, things: dict[str, Any]) -> None:
    client = logged_in(charlie)
    for page in [*pages(things)[:-1], *changing_pages(things)]:
        answer = client.get(page, follow=True)
        assert answer.redirect_chain[-1][0].startswith(reverse("admin:login")), page
        assert "this account has no role" in answer.content.decode(), page
        assert "shop" not in answer.content.decode()


def test_nobody_reads_anything_before_logging_in(client: Client, things: dict[str, Any]) -> None:
    for page in [*pages(things), *changing_pages(things)]:
        answer = client.get(page)
        assert answer.status_code == 302, page
        assert answer["Location"].startswith(reverse("admin:login")), page


def test_reading_changes_nothing(admin: User, things: dict[str, Any]) -> None:
    client = logged_in(admin)
    before = state_of_everything()
    for page in [*pages(things), *changing_pages(things)]:
        assert client.get(page).status_code in (200, 302), page
    assert state_of_everything() == before


def state_of_everything() -> list[list[Any]]:
    models = (Host, Site, Container, Operation, Entry)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_posting_without_the_token_is_refused(alice: User, things: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = Operation.objects.count()
    for page in changing_pages(things):
        assert client.post(page).status_code == 403, page
    assert Operation.objects.count() == before


def test_a_viewer_is_refused_by_every_changing_page(bob: User, things: dict[str, Any]) -> None:
    client = logged_in(bob)
    before = [list(model.objects.values()) for model in (Host, Container, Operation)]
    for page in changing_pages(things):
        data = {"key": things["container"].pk, "fingerprint": "SHA256:x"}
        assert client.post(page, data).status_code in (302, 403), page
    assert [list(model.objects.values()) for model in (Host, Container, Operation)] == before


def test_titles_say_what_and_where(bob: User, things: dict[str, Any]) -> None:
    client = logged_in(bob)
    titles = {}
    for page in pages(things):
        found = re.search(r"<title>\s*(.*?)\s*</title>", client.get(page).content.decode(), re.S)
        assert found, page
        titles[page.partition("?")[0]] = found[1]
    assert len(set(titles.values())) == len(titles), "two pages have the same title"
    assert titles[reverse("admin:index")] == "Overview · SiteFlow"
    container = reverse("admin:sites_container_change", args=[things["container"].pk])
    assert titles[container] == "shop-web-1 on web1 · SiteFlow"


def test_the_menu_lists_what_the_account_may_see(admin: User, bob: User) -> None:
    def lines(user: User) -> list[str]:
        answer = logged_in(user).get(reverse("admin:index"))
        return [line["item"].title for line in answer.context["menu"]]

    everyone = ["Overview", "Sites", "Containers", "Hosts", "Graph", "Alerts"]
    everyone += ["Certificates", "Backups", "Operations", "Audit"]
    assert lines(bob) == everyone
    assert lines(admin) == [*everyone, "Health", "Settings"]


def test_the_menu_marks_sites_on_what_belongs_to_them(admin: User) -> None:
    for view in ("sites_domain", "provisioning_sitetemplate", "provisioning_quarantine"):
        answer = logged_in(admin).get(reverse(f"admin:{view}_changelist"))
        marked = [line["item"].title for line in answer.context["menu"] if line["here"]]
        assert marked == ["Sites"], view


def test_running_operations_are_counted_on_every_page(bob: User, things: dict[str, Any]) -> None:
    client = logged_in(bob)
    for page in pages(things):
        assert 'id="running-count"' in client.get(page).content.decode(), page
        assert client.get(page).context["running"] == 1


def test_the_first_page_of_an_empty_console_says_what_to_do(admin: User, bob: User) -> None:
    page = reverse("admin:index")
    assert reverse("admin:sites_host_set_up") in logged_in(admin).get(page).content.decode()
    shown = logged_in(bob).get(page).content.decode()
    assert "Ask an administrator to add a host" in shown
    assert reverse("admin:sites_host_set_up") not in shown


def test_logging_in_and_out(client: Client, bob: User) -> None:
    form = {"username": "bob", "password": "bob's own", "next": reverse("admin:index")}
    answer = client.post(reverse("admin:login"), form, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:index")
    assert client.post(reverse("admin:logout")).status_code == 200
    assert client.get(reverse("admin:index")).status_code == 302
    actions = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["auth.login", "auth.logout"]


def test_a_wrong_password_is_said_and_not_shown_again(client: Client, bob: User) -> None:
    form = {"username": "bob", "password": "guessed-wrong"}
    answer = client.post(reverse("admin:login"), form).content.decode()
    assert 'role="alert"' in answer
    assert "guessed-wrong" not in answer


def test_an_address_that_does_not_exist_answers_in_the_console_s_own_words(bob: User) -> None:
    answer = logged_in(bob).get("/nothing/here")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()
