"""Channels and deliveries in the console: lists, forms, tests, and what is never shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import queue
from sites.models import Host, Site, Tag
from tests.monitoring.notify.conftest import notice
from tests.people import logged_in

ROOT = "/admin/monitoring/"
URL = "jsons://robot:s3cret@hooks.example.org/s3cret"
FORM: dict[str, str] = {
    "name": "ops", "url": URL, "min_severity": "warning", "scope": "everything", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def browser(admin: User) -> Client:
    return logged_in(admin)


def made(browser: Client, **changed: str) -> Channel:
    answer = browser.post(f"{ROOT}channel/add/", {**FORM, **changed})
    assert answer.status_code == 302, answer.content.decode()
    return Channel.objects.latest("pk")


def text(answer: Any) -> str:
    shown: str = answer.content.decode()
    assert "s3cret" not in shown
    return shown


def test_a_channel_is_made_shown_and_changed_without_its_address(browser: Client) -> None:
    row = made(browser)
    assert (row.reveal(), row.enabled, row.resolved) == (URL, True, False)
    assert "jsons://hooks.example.org/…" in text(browser.get(f"{ROOT}channel/"))
    assert "Send a test" in text(browser.get(f"{ROOT}channel/{row.pk}/change/"))
    assert "left empty" in text(browser.get(f"{ROOT}channel/{row.pk}/edit/"))
    changed = {**FORM, "url": "", "min_severity": "critical", "resolved": "on"}
    assert browser.post(f"{ROOT}channel/{row.pk}/edit/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.reveal(), row.min_severity, row.resolved) == (URL, "critical", True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": "syslog://s3cret"}, "tells services only"),
        ({"url": ""}, "This field is required"),
        ({"scope": "host"}, "Say for which host"),
        ({"scope": "site", "site": "999"}, "not one of the available choices"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_address_not_shown(
    browser: Client, changed: dict[str, str], words: str
) -> None:
    answer = browser.post(f"{ROOT}channel/add/", {**FORM, **changed})
    assert answer.status_code == 422 and words in text(answer)
    assert not Channel.objects.exists()


def test_what_was_chosen_for_another_scope_is_left_out(browser: Client) -> None:
    host = Host.objects.create(name="web1", address="192.0.2.1")
    site, tag = Site.objects.create(host=host, name="shop"), Tag.objects.create(name="eu")
    chosen = {"host": str(host.pk), "site": str(site.pk), "tag": str(tag.pk)}
    row = made(browser, scope="site", **chosen)
    assert (row.host, row.site, row.tag) == (None, site, None)
    assert "site shop" in text(browser.get(f"{ROOT}channel/"))


def test_a_test_leads_to_what_becomes_of_it(browser: Client) -> None:
    row = made(browser)
    answer = browser.post(f"{ROOT}channel/{row.pk}/test/")
    sent = Delivery.objects.get(kind="test")
    assert answer["Location"] == f"{ROOT}delivery/{sent.pk}/change/"
    assert "sent within seconds" in text(browser.get(answer["Location"]))
    Delivery.objects.update(state="given_up", error="It answered 500.")
    shown = text(browser.get(answer["Location"]))
    assert "It answered 500." in shown and "Try again" in shown
    browser.post(f"{ROOT}delivery/{sent.pk}/try-again/")
    sent.refresh_from_db()
    assert sent.state == "waiting"


def test_a_channel_that_is_off_is_not_tested(browser: Client) -> None:
    row = made(browser, enabled="")
    browser.post(f"{ROOT}channel/{row.pk}/test/")
    assert "is off: turn it on" in text(browser.get(f"{ROOT}channel/{row.pk}/change/"))
    assert not Delivery.objects.exists()


def test_deliveries_are_filtered_and_searched(browser: Client) -> None:
    made(browser)
    queue(notice("shop is down"))
    queue(notice("blog is down"))
    Delivery.objects.filter(title="blog is down").update(state="given_up")
    assert "shop is down" in text(browser.get(f"{ROOT}delivery/"))
    shown = text(browser.get(f"{ROOT}delivery/{Delivery.objects.latest('pk').pk}/change/"))
    assert 'href="/admin/">See what it is about' in shown
    for question in (
        "state=given_up",
        "q=blog",
        "channel=ops&state=given_up",
        "kind=firing&q=blog",
    ):
        shown = text(browser.get(f"{ROOT}delivery/?{question}"))
        assert "blog is down" in shown and "shop is down" not in shown, question


def test_removing_says_what_is_lost(browser: Client) -> None:
    row = made(browser)
    queue(notice("shop is down"))
    assert "1 notice that" in text(browser.get(f"{ROOT}channel/{row.pk}/remove/"))
    browser.post(f"{ROOT}channel/{row.pk}/remove/")
    assert not Channel.objects.exists() and not Delivery.objects.exists()


def test_settings_lead_to_channels_for_who_manages_them(browser: Client, bob: User) -> None:
    assert f"{ROOT}channel/" in text(browser.get("/admin/auth/"))
    for page in ("channel/", "channel/add/", "delivery/"):
        assert logged_in(bob).get(f"{ROOT}{page}").status_code == 403
