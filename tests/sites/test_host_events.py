from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitoring.events.keeping import Keeper
from sites.models import Host
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def web1() -> Host:
    host = make_host("web1")
    row = make_container(host, "shop-web-1")
    actors = [
        ("container", "die", row.docker_id, {"name": "shop-web-1", "exitCode": "137"}),
        ("container", "destroy", "b" * 64, {"name": "<script>alert(1)</script>"}),
        ("image", "pull", "nginx:1", {}),
    ]
    events = [
        {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": key, "Attributes": own},
            "timeNano": number,
        }
        for number, (kind, action, key, own) in enumerate(actors, 1)
    ]
    Keeper(host).keep(events)
    return host


def page(client: Client, host: Host, query: str = "") -> str:
    answer = client.get(f"/admin/sites/host/{host.pk}/change/?tab=events{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_last_events_newest_first(bob: User, web1: Host) -> None:
    text = page(logged_in(bob), web1)
    assert text.index("nginx:1") < text.index("destroy") < text.index("exitCode 137")
    assert "&lt;script&gt;" in text and "<script>alert" not in text
    key = web1.containers.get().pk
    assert text.count(f"/admin/sites/container/{key}/change/") == 1


def test_only_one_kind(bob: User, web1: Host) -> None:
    text = page(logged_in(bob), web1, "&type=image")
    assert "nginx:1" in text and "exitCode" not in text
    assert "No events of this kind yet" in page(logged_in(bob), web1, "&type=volume")
    missing = logged_in(bob).get(f"/admin/sites/host/{web1.pk}/change/?tab=events&type=plugin")
    assert missing.status_code == 404
