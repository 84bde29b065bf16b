"""A proxy in memory, the row of its host and a site behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from provisioning.drivers import caddy_install, http_probe
from provisioning.drivers.caddy_config import found
from provisioning.drivers.caddy_fake import FakeAnswer, FakeCaddy
from provisioning.drivers.containers import ContainerState, Port
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_files import FakeFile
from provisioning.drivers.http_probe import ProbeAnswer
from provisioning.engine.inline import InlineOp
from provisioning.models import Operation
from provisioning.proxy import probing
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host, Site
from tests.provisioning.rows import COMMAND, make_host

HASH = "$2b$12$" + "a" * 53
UPSTREAMS = "/srv/siteflow/proxy/upstreams"


def container(name: str, project: str = "shop", service: str = "web", **values: Any) -> ContainerState:  # fmt: skip  # noqa: E501
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service,
              "com.docker.compose.container-number": name.rpartition("-")[2]}  # fmt: skip
    ports = tuple(Port(port, "tcp") for port in values.pop("ports", (8080,)))
    return fake_container(name, labels=labels, ports=ports, **values)


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
