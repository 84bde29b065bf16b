"""What is told of a host's things, by the API, on its page and at the command line."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_image
from provisioning.models import DiskMeasure, Operation, RegistryCheck
from provisioning.things.newer import newer
from sites.models import Grant, Host
from tests.people import logged_in
from tests.provisioning.site_rows import make_quarantine
from tests.provisioning.things.on_host import image_id, volume

pytestmark = pytest.mark.django_db


def told(user: User, host: Host, what: str, **query: Any) -> dict[str, Any]:
    answer = logged_in(user).get(f"/api/hosts/{host.pk}/{what}", query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def named(page: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in page["items"] if name in (one.get("name"), *one.get("names", ())))


# -- the API ----------------------------------------------------------------------------------


def test_images_with_who_uses_them(row: Host, fake: FakeHost, bob: User) -> None:
    page = told(bob, row, "images")
    assert (page["state"], page["source"], page["total"], page["measured_at"]) == (
        "read", "read", 5, None,
    )  # fmt: skip
    assert [one["names"] for one in page["items"]] == [
        ["free:1", "free:2"], ["job:1"], ["nginx:1.27", "nginx:also"], ["shop-web:latest"], [],
    ]  # fmt: skip
    used, kept, free = (named(page, name) for name in ("nginx:1.27", "shop-web:latest", "free:1"))
    assert [user["name"] for user in used["containers"]] == ["web"]
    assert [site["name"] for site in used["sites"]] == ["shop"]
    assert (used["in_use"], used["stays"]) == (True, "It is in use.")
    assert (kept["in_use"], kept["stays"]) == (False, "It belongs to a release of the site shop.")
    assert (free["stays"], free["own_bytes"], free["dangling"]) == ("", None, False)
    assert free["registry"][0]["state"] == "unknown"


def test_lists_are_chosen_from_and_ordered(row: Host, fake: FakeHost, bob: User) -> None:
    sizes = [one["size_bytes"] for one in told(bob, row, "images", ordering="-size")["items"]]
    assert sizes == [500, 400, 300, 200, 100]
    assert told(bob, row, "images", search="NGINX")["total"] == 1
    assert told(bob, row, "images", search="old")["total"] == 1  # the container that uses it
    assert told(bob, row, "images", dangling="true")["items"][0]["id"] == image_id("5")
    assert told(bob, row, "images", in_use="false", page_size=2, page=2)["total_pages"] == 2
    assert told(bob, row, "volumes", anonymous="true")["items"][0]["name"] == "a" * 64
    wrong = logged_in(bob).get(f"/api/hosts/{row.pk}/images", {"ordering": "password"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "ordering")


def test_volumes_with_their_size_and_its_age(row: Host, fake: FakeHost, bob: User) -> None:
    fake.volumes["share"] = volume(
        "share", options={"type": "cifs", "device": "//nas/x", "o": "username=u,password=secret"}
    )
    at = timezone.now() - timedelta(hours=3)
    DiskMeasure.objects.create(host=row, volumes={"free": 7}, measured_at=at)
    page = told(bob, row, "volumes", ordering="size")
    assert page["measured_at"].startswith(at.isoformat()[:19])
    assert [(one["name"], one["size_bytes"]) for one in page["items"]][:2] == [
        ("free", 7), ("shop_db", None),
    ]  # fmt: skip
    assert named(page, "share")["options"] == {"type": "cifs", "device": "//nas/x"}
    assert "secret" not in json.dumps(page)
    assert named(page, "shop_old")["belongs_to"] == "the site shop"


def test_networks_with_who_is_in_them(row: Host, fake: FakeHost, bob: User) -> None:
    page = told(bob, row, "networks")
    assert named(page, "bridge")["built_in"] is True
    assert named(page, "siteflow_proxy")["belongs_to"] == "the host's proxy"
    assert [user["name"] for user in named(page, "side")["containers"]] == ["old"]
    assert "measured_at" not in page


@pytest.mark.parametrize("what", ["images", "volumes", "networks"])
def test_a_host_that_does_not_answer_is_unknown(
    row: Host, fake: FakeHost, bob: User, what: str
) -> None:
    fake.fail(what, DriverError("web1: no route to host", "unreachable"))
    page = told(bob, row, what)
    assert (page["state"], page["source"], page["items"]) == ("unknown", "attempt", [])
    assert page["error"] == "web1: no route to host"
    fake.fail(what, DriverError("web1: no route to host", "unreachable"))
    answer = logged_in(bob).get(f"/admin/sites/host/{row.pk}/change/?tab={what}")
    assert "no route to host" in answer.content.decode()


def test_who_uses_it_is_named_as_far_as_one_sees(row: Host, fake: FakeHost, charlie: User) -> None:
    """A role of one's own that sees hosts, and neither their containers nor their sites."""
    role = Group.objects.create(name="looker")
    role.permissions.add(Permission.objects.get(codename="view_host"))
    Grant.objects.create(role=role, user=charlie, host=row)
    make_quarantine(row, "gone")
    fake.volumes["gone_db"] = volume("gone_db")
    for what in ("images", "volumes", "networks"):
        page = told(charlie, row, what)
        for one in page["items"]:
            assert (one["containers"], one["sites"]) == ([], [])
        text = json.dumps([[one["stays"], one["belongs_to"]] for one in page["items"]])
        assert not any(word in text for word in ("shop", "gone", "web", "old"))
    images = told(charlie, row, "images")
    assert named(images, "nginx:1.27")["others"] == 1
    assert named(images, "shop-web:latest")["belongs_to"] == "a site"


def test_the_plan_of_a_prune(row: Host, fake: FakeHost, admin: User, alice: User) -> None:
    path = f"/api/hosts/{row.pk}/images/prune-plan"
    assert logged_in(alice).get(path).status_code == 403
    plan = logged_in(admin).get(path).json()
    assert (plan["items"], plan["size_bytes"], plan["own_bytes"]) == ([image_id("5")], 500, None)
    DiskMeasure.objects.create(
        host=row, images={image_id("5"): 20, image_id("4"): 9}, measured_at=timezone.now()
    )
    whole = logged_in(admin).get(path, {"all": "true"}).json()
    assert (len(whole["items"]), whole["own_bytes"]) == (3, 29)
    body = {"images": whole["items"], "plan_digest": whole["plan_digest"]}
    done = logged_in(admin).post(
        f"/api/hosts/{row.pk}/image-prune", body, content_type="application/json"
    )
    assert done.status_code == 202


# -- newer ones -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digest", "here", "days", "state"),
    [
        ("1", ("1",), 0, "current"), ("1", ("1", "2"), 0, "current"), ("1", ("2",), 0, "newer"),
        ("1", ("2",), 30, "newer"), ("1", ("1",), 30, "unknown"), ("1", (), 0, "unknown"),
        ("", ("1",), 0, "unknown"),
    ],
)  # fmt: skip
def test_what_is_newer(digest: str, here: tuple[str, ...], days: int, state: str) -> None:
    now = timezone.now()
    told_digest = image_id(digest) if digest else ""
    check = RegistryCheck(
        name="r:5/a:1", digest=told_digest, error="no answer", checked_at=now - timedelta(days=days)
    )
    image = fake_image("r:5/a:1", digests=tuple(f"r:5/a@{image_id(one)}" for one in here))
    found = newer("r:5/a:1", image, check, now=now)
    assert (found.state, bool(found.why)) == (state, state == "unknown")
    assert newer("r:5/a:1", image, None, now=now).state == "unknown"


def test_the_digest_of_another_repository_says_nothing() -> None:
    check = RegistryCheck(name="a:1", digest=image_id("1"), checked_at=timezone.now())
    image = fake_image("a:1", digests=(f"b@{image_id('1')}",))
    assert newer("a:1", image, check, now=timezone.now()).state == "unknown"


# -- pages ------------------------------------------------------------------------------------


def page_of(user: User, host: Host, rest: str) -> str:
    answer = logged_in(user).get(f"/admin/sites/host/{host.pk}/{rest}")
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("tab", "offered", "managed"),
    [
        ("images", "do/image.pull/", "do/image.remove/?name=free%3A1"),
        ("volumes", "do/volume.create/", "do/volume.remove/?name=free"),
        ("networks", "do/network.create/", "do/network.remove/?name=free"),
    ],
)
def test_a_tab_offers_what_one_may(
    row: Host, fake: FakeHost, admin: User, alice: User, bob: User, tab: str, offered: str,
    managed: str,
) -> None:  # fmt: skip
    for user, sees, may in ((bob, False, False), (alice, True, False), (admin, True, True)):
        text = page_of(user, row, f"change/?tab={tab}")
        assert (offered in text, managed in text) == (sees, may)
    assert "do/image.remove/?name=nginx" not in text
    assert "do/volume.remove/?name=shop_db" not in text
    assert "do/network.remove/?name=bridge" not in text


def test_a_tab_can_be_searched(row: Host, fake: FakeHost, bob: User) -> None:
    text = page_of(bob, row, "change/?tab=images&search=job")
    assert "job:1" in text and "nginx:1.27" not in text
    assert "Nothing like that" in page_of(bob, row, "change/?tab=volumes&search=%3Cscript%3E")


def test_a_volume_is_removed_by_its_own_name_on_the_page(
    row: Host, fake: FakeHost, admin: User
) -> None:
    where = f"/admin/sites/host/{row.pk}/do/volume.remove/?name=free"
    text = page_of(admin, row, "do/volume.remove/?name=free")
    for words in ("Type <strong>free</strong>", "never measured", "all data in it"):
        assert words in text
    client = logged_in(admin)
    body = {"asked": "1", "name": "free", "confirm_name": row.name}
    wrong = client.post(where, body)
    assert wrong.status_code == 422 and not Operation.objects.exists()
    assert client.post(where, body | {"confirm_name": "free"}).status_code == 302
    assert Operation.objects.get().params == {"name": "free"}


def test_a_prune_shows_its_list_first(row: Host, fake: FakeHost, admin: User) -> None:
    where = f"/admin/sites/host/{row.pk}/do/image.prune/"
    assert image_id("5")[:19] in page_of(admin, row, "do/image.prune/")
    text = page_of(admin, row, "do/image.prune/?all=1")
    assert "free:1" in text and "nginx:1.27" not in text
    items = " ".join([f"free:1={image_id('4')}", f"free:2={image_id('4')}", image_id("5")])
    assert f'value="{items}"' in text
    assert not Operation.objects.exists()
    empty = logged_in(admin).post(where, {"asked": "1"})
    assert empty.status_code == 422


# -- commands ---------------------------------------------------------------------------------


def command(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_commands_list(row: Host, fake: FakeHost) -> None:
    listed = json.loads(command("image", "list", "web1", "--json"))
    assert len(listed["items"]) == 5 and listed["state"] == "read"
    assert "shop_db" in command("volume", "list", "web1")
    assert "spare" not in command("volume", "list", "web1", "--unused")
    assert "side" in command("network", "list", "web1", "--search", "old")
    fake.fail("images", DriverError("web1: no route", "unreachable"))
    with pytest.raises(CommandError, match="no route"):
        command("image", "list", "web1")


def test_a_command_asks_for_the_name_that_goes(row: Host, fake: FakeHost) -> None:
    command("volume", "remove", "web1", "free", "--yes", "--no-wait")
    assert Operation.objects.get().params == {"name": "free"}


def test_the_command_prunes_what_it_listed(row: Host, fake: FakeHost) -> None:
    plan = json.loads(command("image", "prune", "web1", "--all", "--plan", "--json"))
    assert len(plan["items"]) == 3 and not Operation.objects.exists()
    command("image", "prune", "web1", "--all", "--yes", "--no-wait")
    params = Operation.objects.get().params
    assert (params["images"], params["plan_digest"]) == (plan["items"], plan["plan_digest"])
