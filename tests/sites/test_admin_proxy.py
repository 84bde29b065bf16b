"""The proxy of a host on its page: what it says, what it offers, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from provisioning.models import Operation
from sites.models import Host
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_proxy, make_site

pytestmark = pytest.mark.django_db
SERVED = {"name": "shop.example.org", "state": "served", "serves": ["to shop_web"], "problem": ""}
GONE = {"name": "old.example.org", "state": "gone", "serves": [], "problem": ""}


@pytest.fixture(autouse=True)
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def host() -> Host:
    return make_host("web1")


@pytest.fixture
def told(host: Host, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the host's Caddy is found to serve."""
    make_proxy(host)
    site = make_site(host, "shop", domain="shop.example.org")
    found: dict[str, Any] = {
        "state": "behind",
        "vhosts": [{**SERVED, "site": site.pk}, {**GONE, "site": None}],
        "plan": ["- old.example.org", "    - certificate: public"],
        "digest": "d" * 64,
    }
    monkeypatch.setattr("provisioning.proxy.report._asked", lambda row, proxy: found)
    return found


def text_of(user: User, host: Host, tab: str = "proxy") -> str:
    page = reverse("admin:sites_host_change", args=[host.pk])
    answer = logged_in(user).get(f"{page}?tab={tab}")
    assert answer.status_code == 200
    return answer.content.decode()


def do(host: Host, kind: str) -> str:
    return reverse("admin:sites_host_do", args=[host.pk, f"proxy.{kind}"])


def test_a_host_without_a_proxy_offers_to_install_one(admin: User, alice: User, host: Host) -> None:
    for user, offered in ((admin, True), (alice, False)):
        text = text_of(user, host)
        assert "No proxy yet" in text
        assert (do(host, "install") in text) is offered
    page = logged_in(admin).get(do(host, "install")).content.decode()
    assert 'name="https_port"' in page and "nothing is touched" not in page


def test_it_lists_what_is_served_and_what_a_sync_would_change(
    admin: User, host: Host, told: dict[str, Any]
) -> None:
    make_container(
        host, "caddy", image="caddy:2", labels={"org.opencontainers.image.version": "v2.10.0"}
    )
    text = text_of(admin, host)
    for words in ("v2.10.0", "shop.example.org", "served", "to be removed", "What a sync would"):
        assert words in text, words
    assert f'value="{"d" * 64}"' in text


def test_a_change_by_hand_is_said_and_taken_back_by_a_button_that_says_so(
    admin: User, host: Host, told: dict[str, Any]
) -> None:
    assert "by hand" not in text_of(admin, host)
    told["state"] = told["vhosts"][0]["state"] = "edited"
    text = text_of(admin, host)
    assert "Somebody has changed it by hand" in text
    assert "take the change by hand back" in text


@pytest.mark.parametrize(
    ("who", "offered"),
    [("admin", {"install", "sync", "reload"}), ("alice", {"reload"}), ("bob", set())],
)
def test_buttons_are_for_who_may(
    request: pytest.FixtureRequest, who: str, offered: set[str], host: Host, told: dict[str, Any]
) -> None:
    text = text_of(request.getfixturevalue(who), host)
    assert {kind for kind in ("install", "sync", "reload") if do(host, kind) in text} == offered


def test_a_proxy_that_does_not_answer_says_why_and_offers_no_sync(
    admin: User, host: Host, told: dict[str, Any]
) -> None:
    told |= {"state": "unknown", "error": "web1 does not answer.", "vhosts": [], "plan": []}
    text = text_of(admin, host)
    assert "web1 does not answer." in text
    assert do(host, "sync") not in text and do(host, "reload") not in text


def test_a_sync_is_of_the_plan_that_was_looked_at(
    admin: User, host: Host, told: dict[str, Any]
) -> None:
    page = logged_in(admin).get(do(host, "sync")).content.decode()
    assert "old.example.org" in page and f'value="{"d" * 64}"' in page
    sent = {"asked": "1", "plan_digest": told["digest"]}
    assert logged_in(admin).post(do(host, "sync"), sent).status_code == 302
    assert Operation.objects.get().params == {"plan_digest": told["digest"]}
