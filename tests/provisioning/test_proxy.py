"""The proxy in memory: what is wanted of it, the plan, and what an apply does and puts back."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from provisioning import engine
from provisioning.drivers import caddy_install, http_probe
from provisioning.drivers.caddy_admin import Admin
from provisioning.drivers.caddy_config import found, is_edited
from provisioning.drivers.caddy_fake import FakeAnswer, FakeCaddy
from provisioning.drivers.containers import ContainerState, Port
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_files import FakeFile
from provisioning.drivers.fake_things import fake_image
from provisioning.drivers.http_probe import ProbeAnswer
from provisioning.engine.inline import InlineOp
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.proxy import apply, places, probing
from provisioning.proxy.models import Proxy
from provisioning.proxy.plan import plan
from provisioning.proxy.plan_lines import plan_lines
from provisioning.proxy.upstreams import Upstream, detected_port, dial
from provisioning.proxy.wanted import wanted
from sites.models import Domain, Host, Site
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_host

HASH = "$2b$12$" + "a" * 53
UPSTREAMS = "/srv/siteflow/proxy/upstreams"


def container(name: str, project: str = "shop", service: str = "web", **values: Any) -> ContainerState:  # fmt: skip  # noqa: E501
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service,
              "com.docker.compose.container-number": name.rpartition("-")[2]}  # fmt: skip
    ports = tuple(Port(port, "tcp") for port in values.pop("ports", (8080,)))
    return fake_container(name, labels=labels, ports=ports, **values)


# -- which container --------------------------------------------------------------------------


def test_the_running_container_of_the_service() -> None:
    there = [container("shop-db-1", service="db", ports=(5432,)), container("shop-web-1")]
    assert dial(Upstream("shop", "web"), there) == "shop-web-1:8080"
    assert dial(Upstream("shop", "db", 99), there) == "shop-db-1:99"
    assert dial(Upstream("shop"), there) == "shop-web-1:8080"
    assert dial(Upstream("other"), there) is None
    assert dial(Upstream("shop", "web"), [container("shop-web-1", state="exited")]) is None


def test_the_present_one_stays_while_it_runs() -> None:
    there = [container("shop-web-1"), container("shop-web-2")]
    assert dial(Upstream("shop"), there, current="shop-web-2:8080") == "shop-web-2:8080"
    assert dial(Upstream("shop"), there, current="shop-web-9:8080") == "shop-web-1:8080"
    assert dial(Upstream("shop"), there[1:], current="shop-web-1:8080") == "shop-web-2:8080"


def test_a_web_service_of_another_name_is_the_only_one_with_a_port() -> None:
    there = [container("shop-site-1", service="site"), container("x-1", service="job", ports=())]
    assert dial(Upstream("shop"), there) == "shop-site-1:8080"
    assert dial(Upstream("shop"), [*there, container("y-1", service="api")]) is None


def test_the_likeliest_port() -> None:
    assert detected_port(container("a-1", ports=(9000, 443, 80))) == 80
    assert detected_port(container("a-1", ports=(9001, 9000))) == 9000
    assert detected_port(container("a-1", ports=())) is None


def test_a_name_that_could_be_more_than_a_name_is_none() -> None:
    assert dial(Upstream("shop"), [container("{env.HOME}-1")]) is None


# -- what is wanted ---------------------------------------------------------------------------


@pytest.fixture
def row() -> Host:
    host = make_host()
    Proxy.objects.create(host=host)
    return host


@pytest.fixture
def shop(row: Host) -> Site:
    site = Site.objects.create(host=row, project="shop", name="shop")
    Domain.objects.create(host=row, site=site, name="shop.test", tls="internal",
                          basic_auth={"carol": HASH},
                          routes=[{"path": "/api/", "service": "api", "port": 90}])  # fmt: skip
    return site


@pytest.mark.django_db
def test_an_alias_serves_the_same_and_a_redirect_leads_there(row: Host, shop: Site) -> None:
    Domain.objects.create(host=row, site=shop, name="alias.test", kind="alias")
    Domain.objects.create(host=row, site=shop, name="www.test", kind="redirect")
    made = wanted(row)
    primary, alias = made.vhosts["shop.test"], made.vhosts["alias.test"]
    assert (alias.upstream, alias.routes, alias.basic_auth) == (
        primary.upstream, primary.routes, primary.basic_auth,
    )  # fmt: skip
    assert (primary.tls, alias.tls) == ("internal", "acme")
    assert made.vhosts["www.test"].redirect_to == "https://shop.test"
    assert sorted(made.upstreams) == ["shop._", "shop.api.90"]


@pytest.mark.django_db
def test_a_row_that_cannot_be_served_is_told_and_left_out(row: Host, shop: Site) -> None:
    Domain.objects.create(host=row, site=shop, name="bad.test", kind="alias", tls="odd")
    made = wanted(row)
    assert list(made.vhosts) == ["shop.test"] and "odd" in made.problems["bad.test"]


# -- plan and apply ---------------------------------------------------------------------------


class World:
    """A host with a proxy in memory. ``statuses`` are what sites answer, by name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = caddy_install.first_config("http://word")
        self.caddy = FakeCaddy({}, origin="http://word")
        self.host = FakeHost(containers=[container("shop-web-1"), container("shop-api-1", service="api")])  # fmt: skip  # noqa: E501
        self.host.files.folders[UPSTREAMS] = 0o755
        self.host.files["/srv/siteflow/proxy/caddy.json"] = FakeFile(first.encode(), 0o600)
        self.statuses: dict[str, int] = {}
        monkeypatch.setattr(http_probe, "request", self._request)
        monkeypatch.setattr(http_probe, "get", self._get)
        monkeypatch.setattr("provisioning.proxy.apply._QUICK_S", 0)
        monkeypatch.setattr("provisioning.proxy.probing._PAUSE_S", 0)
        monkeypatch.setattr(probing.trouble, "__kwdefaults__", {"patience_s": 0})

    def _request(
        self, host: Any, method: str, url: str, *, headers: Mapping[str, str], body: Any, **_: Any
    ) -> FakeAnswer:
        return self.caddy(method, "/" + url.split("/", 3)[3], headers=headers, body=body or b"")

    def _get(self, host: Any, url: str, **_: Any) -> ProbeAnswer:
        status = self.statuses.get(url.split("/")[2], 200)
        return ProbeAnswer(status, {}, b"", None, 1)

    @property
    def names(self) -> list[str]:
        return sorted(found(self.caddy.config or {}))

    def upstream(self, key: str) -> str:
        return self.host.files[f"{UPSTREAMS}/{key}"].data.decode()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def op(target: Any, journal: dict[str, Any] | None = None, *, again: bool = False) -> InlineOp:
    row = Operation(journal=journal or {})
    return InlineOp(row, target, None, COMMAND, taken_over=again)


@pytest.mark.django_db
def test_a_plan_tells_and_changes_nothing(world: World, row: Host, shop: Site) -> None:
    one = plan(world.host, row)
    lines = list(plan_lines(one))
    assert lines[0] == "+ shop.test"
    assert "    + password for carol" in lines and "+ shop._ goes to shop-web-1:8080" in lines
    assert HASH not in str(lines)
    assert world.caddy.loads == [] and plan(world.host, row).digest == one.digest


@pytest.mark.django_db
def test_an_apply_is_done_once(world: World, row: Host, shop: Site) -> None:
    assert apply.apply_all(op(row), world.host, row).left == {}
    assert world.names == ["shop.test"] and world.upstream("shop._") == "shop-web-1:8080"
    assert plan(world.host, row).is_empty
    apply.apply_all(op(row), world.host, row)
    assert len(world.caddy.loads) == 1
    assert Proxy.objects.get().loaded_hash


@pytest.mark.django_db
def test_a_domain_without_a_row_goes(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    Domain.objects.all().delete()
    apply.apply_all(op(row), world.host, row)
    assert world.names == [] and not [name for name in world.host.files if UPSTREAMS in name]


@pytest.mark.django_db
def test_what_was_answered_and_is_not_any_more_is_put_back(
    world: World, row: Host, shop: Site
) -> None:
    apply.apply_all(op(row), world.host, row)
    before = world.caddy.config
    Domain.objects.update(access_log=False)
    answers = iter([200, 502])
    world.statuses = {}
    world._get = lambda host, url, **_: ProbeAnswer(next(answers, 502), {}, b"", None, 1)  # type: ignore[method-assign]  # noqa: E501
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_probe, "get", world._get)
        left = apply.apply_all(op(row), world.host, row).left
    assert list(left) == ["shop.test"] and world.caddy.config == before


@pytest.mark.django_db
def test_a_site_that_does_not_answer_is_put_back_and_told(
    world: World, row: Host, shop: Site
) -> None:
    world.statuses["shop.test"] = 502
    with pytest.raises(VerbError) as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_no_answer"
    assert world.names == [] and f"{UPSTREAMS}/shop._" not in world.host.files


@pytest.mark.django_db
def test_what_caddy_refuses_is_told_and_nothing_is_changed(
    world: World, row: Host, shop: Site
) -> None:
    world.caddy.refuse = lambda config: "odd" if found(config) else ""
    with pytest.raises(VerbError, match="odd") as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_refused" and world.names == []


@pytest.mark.django_db
def test_a_worker_that_takes_over_knows_what_was_there_before(
    world: World, row: Host, shop: Site
) -> None:
    """The first one died between the load and the probe."""
    first = op(shop)
    apply.apply_site(first, world.host, row)
    world.statuses["shop.test"] = 502
    again = op(shop, first.row.journal, again=True)
    with pytest.raises(VerbError):
        apply.apply_site(again, world.host, row)
    assert world.names == []


@pytest.mark.django_db
def test_a_hand_edit_stops_a_sync_and_a_plan_lets_it_go_on(
    world: World, row: Host, shop: Site
) -> None:
    apply.apply_all(op(row), world.host, row)
    assert world.caddy.config is not None
    servers = world.caddy.config["apps"]["http"]["servers"]
    servers["siteflow_https"]["routes"][0]["handle"].insert(0, {"handler": "headers"})
    with pytest.raises(VerbError) as error:
        apply.apply_all(op(row), world.host, row)
    assert (error.value.code, "shop.test" in error.value.message) == ("proxy_edited", True)
    with pytest.raises(VerbError) as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_edited"
    with pytest.raises(VerbError) as error:
        apply.apply_all(op(row), world.host, row, plan_digest="0" * 64)
    assert error.value.code == "stale_plan"
    apply.apply_all(op(row), world.host, row, plan_digest=plan(world.host, row).digest)
    assert not is_edited(world.caddy.config)


@pytest.mark.django_db
def test_an_edit_of_one_site_does_not_stop_another(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    assert world.caddy.config is not None
    servers = world.caddy.config["apps"]["http"]["servers"]
    servers["siteflow_https"]["routes"][0]["handle"].insert(0, {"handler": "headers"})
    other = Site.objects.create(host=row, project="blog", name="blog")
    Domain.objects.create(host=row, site=other, name="blog.test", tls="internal")
    world.host.containers["blog-web-1"] = container("blog-web-1", "blog")
    apply.apply_site(op(other), world.host, row)
    assert world.names == ["blog.test", "shop.test"]
    assert [name for name, one in found(world.caddy.config).items() if one.is_edited] == [
        "shop.test"
    ]


@pytest.mark.django_db
def test_another_container_and_back(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    loads = len(world.caddy.loads)
    given = {"service": "web", "container": "shop-web-2", "port": 8080}
    world.host.containers["shop-web-2"] = container("shop-web-2")
    run = op(shop)
    apply.switch_upstream(run, world.host, row, shop, **given)  # type: ignore[arg-type]
    assert world.upstream("shop._") == "shop-web-2:8080"
    assert world.upstream("shop.api.90") == "shop-api-1:90"
    assert plan(world.host, row).is_empty, "the one that serves stays"
    assert apply.take_back(run, world.host, row)
    assert world.upstream("shop._") == "shop-web-1:8080"
    world.statuses["shop.test"] = 502
    with pytest.raises(VerbError):
        apply.switch_upstream(op(shop), world.host, row, shop, **given)  # type: ignore[arg-type]
    assert world.upstream("shop._") == "shop-web-1:8080"
    assert len(world.caddy.loads) == loads


@pytest.mark.django_db
def test_a_host_without_a_proxy_says_so(world: World) -> None:
    with pytest.raises(DriverError) as error:
        plan(world.host, make_host("web9"))
    assert error.value.code == "proxy_missing" and error.value.advice


@pytest.mark.django_db
def test_a_proxy_that_does_not_know_us_lets_nobody_in(world: World, row: Host) -> None:
    del world.host.files["/srv/siteflow/proxy/caddy.json"]
    with pytest.raises(DriverError) as error:
        plan(world.host, row)
    assert error.value.code == "proxy_denied"
    assert isinstance(places.admin_of(world.host, row, Proxy.objects.get()), Admin)


# -- the verbs --------------------------------------------------------------------------------


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
