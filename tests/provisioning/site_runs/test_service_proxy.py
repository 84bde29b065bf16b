"""Sites behind a Caddy that is a service of the host: it asks containers by their addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning import engine
from provisioning.drivers import pool
from provisioning.drivers.pool import host_driver
from provisioning.proxy import moved
from provisioning.proxy.report import report
from provisioning.targets import target_of
from sites.models import Host
from tests.lab import Lab
from tests.lab.caddy_service import ROOT, caddy_service
from tests.lab.host import Host as LabHost
from tests.lab.images import BUSYBOX
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import did, made, prepared, words
from tests.provisioning.site_runs.bare import make_template
from tests.provisioning.site_runs.ground import clean_host, ended, registered
from tests.provisioning.site_runs.visitor import Visitor

pytestmark = pytest.mark.lab


@pytest.fixture
def place(lab: Lab, transactional_db: None) -> Iterator[Host]:
    """Reached by SSH as root, with a Caddy of its own. Afterwards as it was."""
    row = registered(lab.web1)
    with caddy_service(lab.web1):
        yield row
        pool.close_all()
        clean_host(lab.web1)


def test_a_site_behind_a_service(place: Host, lab: Lab) -> None:
    assert report(place)["state"] == "missing"
    for _ in range(2):
        used = ended(engine.start("proxy.install", place, actor=COMMAND, params={"service": True}))
        assert used.status == "succeeded", words(used)
    make_template()
    site = made(place, tls="internal")
    visitor = Visitor(lab.web1, "corner.example.test", lab.web1.run("cat", ROOT).stdout)
    assert visitor.page("/").strip() == "hello"
    assert (report(place)["state"], report(place)["container"]) == ("in_step", "")
    released = did(site, "site.release", number=prepared(site, SITE_TITLE="second"))
    assert released.status == "succeeded", words(released)
    assert visitor.page("/").strip() == "second"
    put_elsewhere(lab.web1, visitor)
    driver = host_driver(target_of(place))
    assert moved.follow(place, driver) == upstreams(lab.web1)
    assert visitor.page("/").strip() == "second"
    assert moved.follow(place, driver) == []
    assert ended(engine.start("proxy.sync", place, actor=COMMAND)).status == "succeeded"
    gone = did(site, "site.deprovision", remove_volumes=True, remove_files=True)
    assert gone.status == "succeeded", words(gone)
    assert report(place)["vhosts"] == [] and upstreams(lab.web1) == []


def put_elsewhere(host: LabHost, visitor: Visitor) -> None:
    """The web container gets another address, and its old one is somebody else's."""
    names = host.docker("ps", "--format", "{{.Names}}").split()
    (web,) = [name for name in names if name.startswith("corner-web-")]
    for network in ("siteflow_proxy", "corner_default"):
        host.docker("network", "disconnect", network, web)
    for number in (1, 2):
        host.docker("run", "--detach", "--network=siteflow_proxy", f"--name=other-{number}",
                    BUSYBOX, "sleep", "600")  # fmt: skip
    host.docker("network", "connect", "siteflow_proxy", web)
    assert visitor.ask("/").status == 502


def upstreams(host: LabHost) -> list[str]:
    return sorted(host.run("ls", "/srv/siteflow/proxy/upstreams").stdout.split())


def test_without_a_caddy_nothing_is_begun(lab: Lab, transactional_db: None) -> None:
    row = registered(lab.web1)
    used = ended(engine.start("proxy.install", row, actor=COMMAND, params={"service": True}))
    assert (used.status, used.error_code) == ("failed", "proxy_down")
    assert "127.0.0.1:2019" in used.message
    assert not lab.web1.path("/srv/siteflow").exists()
    pool.close_all()
