"""A host of the lab with a proxy, on which sites are really made, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers import pool
from provisioning.models import Operation
from sites.models import Host
from tests.lab import Lab
from tests.lab.caddy import import_caddy
from tests.provisioning.rows import COMMAND


@pytest.fixture
def place(lab: Lab, transactional_db: None, tmp_path: Path) -> Iterator[Host]:
    """Reached by SSH as root, with its proxy on the usual ports. Afterwards as it was."""
    import_caddy(lab.web1, directory=tmp_path)
    row = registered(lab.web1)
    installed = ended(engine.start("proxy.install", row, actor=COMMAND))
    assert installed.status == "succeeded", installed.message
    yield row
    pool.close_all()
    clean(lab)


def clean(lab: Lab) -> None:
    """Only what was there before any of these tests stays."""
    host = lab.web1
    kept = ("legacy", "shop-db-1", "shop-migrate-1", "shop-web-1")
    names = host.docker("ps", "--all", "--format", "{{.Names}}").split()
    if ours := [name for name in names if name not in kept]:
        host.docker("rm", "--force", *ours)
    for network in host.docker("network", "ls", "--filter", "type=custom", "-q").split():
        if "shop_" not in host.docker("network", "inspect", "-f", "{{.Name}}", network):
            host.docker("network", "rm", network)
    for volume in host.docker("volume", "ls", "--quiet").split():
        if not volume.startswith("shop_"):
            host.docker("volume", "rm", volume)
    host.run("rm", "-rf", "/srv/sites", "/srv/siteflow", "/srv/.siteflow", "/srv/.quarantine")


def registered(lab_host: Any, **values: Any) -> Host:
    told = {
        "name": lab_host.name, "address": lab_host.address, "port": lab_host.port,
        "username": lab_host.user, "auth": "key", "private_key": lab_host.private_key, **values,
    }  # fmt: skip
    made = engine.start("host.add", actor=COMMAND, params=told)
    Host.objects.filter(pk=made.result["host"]).update(
        host_key=lab_host.host_public_key, state="reachable"
    )
    return Host.objects.get(pk=made.result["host"])


def ended(row: Operation) -> Operation:
    """Runs it as a worker does."""
    engine.run(row.pk)
    row.refresh_from_db()
    return row
