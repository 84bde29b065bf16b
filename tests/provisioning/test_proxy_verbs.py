"""The verbs on a proxy, and what API and command tell of it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from provisioning import engine
from provisioning.drivers.caddy_fake import FakeAnswer, FakeCaddy
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake_things import fake_image
from provisioning.models import Operation
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host, Site
from tests.people import logged_in
from tests.provisioning.proxy_world import HASH, World, row, shop, world
from tests.provisioning.rows import COMMAND

__all__ = ["row", "shop", "world"]


@pytest.fixture
def served(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world's host is what workers get."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: world.host)
    monkeypatch.setattr("provisioning.proxy.report.host_driver", lambda target: world.host)
    return world


def done(kind: str, row: Host, **params: Any) -> Operation:
    one = engine.start(kind, row, actor=COMMAND, params=params)
    engine.run(one.pk)
    one.refresh_from_db()
    return one


@pytest.mark.django_db
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["Check", "Files", "Image", "Start", "Sites"])
def test_an_installation_that_broke_off_is_brought_to_its_end_by_the_next(
    served: World, row: Host, shop: Site, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    del served.host.files["/srv/siteflow/proxy/caddy.json"]
    served.host.images["caddy:2"] = fake_image("caddy:2")
    Proxy.objects.all().delete()
    served.caddy = OpenCaddy({})
    one = engine.start("proxy.install", row, actor=COMMAND, params={})

    def died(kind: str, at: str, moment: str) -> None:
        if (at, moment) == (step, when):
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("provisioning.engine.failpoints.hit", died)
        patch.setattr("provisioning.engine.worker.finish", lambda *args, **given: True)
        engine.run(one.pk)
    Operation.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    engine.run(one.pk)
    one.refresh_from_db()
    assert (one.status, one.attempts) == ("succeeded", 2), one.message
    assert served.names == ["shop.test"] and Proxy.objects.count() == 1


class Killed(BaseException):
    """The process is gone: nothing of the verb's own runs any more."""


class OpenCaddy(FakeCaddy):
    """Asks for whatever word it hears first: it is made by the installation."""

    def __call__(self, method: str, path: str, *, headers: Any, body: bytes = b"") -> FakeAnswer:
        self._origin = self._origin or headers.get("Origin", "")
        return super().__call__(method, path, headers=headers, body=body)


@pytest.mark.django_db
def test_a_sync_says_what_was_left_out(served: World, row: Host, shop: Site) -> None:
    Domain.objects.create(host=row, site=shop, name="bad.test", kind="alias", tls="odd")
    one = done("proxy.sync", row)
    assert (one.status, one.error_code) == ("failed", "proxy_partly")
    assert "bad.test" in one.message and served.names == ["shop.test"]


@pytest.mark.django_db
def test_a_reload_is_one(served: World, row: Host) -> None:
    assert done("proxy.reload", row).status == "succeeded"
    assert served.caddy.forced == 1


@pytest.mark.django_db
def test_the_api_and_the_command_tell_the_same(
    served: World, row: Host, shop: Site, admin: User
) -> None:
    done("proxy.sync", row)
    Domain.objects.update(access_log=False)
    told = logged_in(admin).get(f"/api/hosts/{row.pk}/proxy").json()
    out = io.StringIO()
    call_command("proxy", "show", row.name, "--json", stdout=out)
    again = json.loads(out.getvalue())
    assert again.pop("observed_at") >= told.pop("observed_at")  # each asks Caddy itself
    assert again == told
    assert (told["state"], told["vhosts"][0]["state"]) == ("behind", "changed")
    assert HASH not in str(told) and "http://word" not in str(told)
    out = io.StringIO()
    call_command("proxy", "show", row.name, stdout=out)
    assert "~ shop.test" in out.getvalue()


@pytest.mark.django_db
def test_a_host_that_cannot_be_asked_is_unknown(
    row: Host, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(target: Any) -> Any:
        raise DriverError("web1 does not answer", "unreachable")

    monkeypatch.setattr("provisioning.proxy.report.host_driver", unreachable)
    told = logged_in(admin).get(f"/api/hosts/{row.pk}/proxy").json()
    assert (told["state"], told["error"]) == ("unknown", "web1 does not answer")
