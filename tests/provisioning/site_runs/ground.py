"""A host of the lab with a proxy: how it is made ready for sites, and as it was again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning import engine
from provisioning.drivers import pool
from provisioning.models import Operation
from sites.models import Host
from tests.lab.caddy import import_caddy
from tests.lab.host import Host as LabHost
from tests.provisioning.rows import COMMAND


@contextmanager
def ready(host: LabHost, *, directory: Path, **values: Any) -> Iterator[Host]:
    """With its proxy on the usual ports; ``directory`` is for the archive of its image."""
    import_caddy(host, directory=directory)
    row = registered(host, **values)
    installed = ended(engine.start("proxy.install", row, actor=COMMAND))
    assert installed.status == "succeeded", installed.message
    try:
        yield row
    finally:
        pool.close_all()
        clean_host(host)


def clean_host(host: LabHost) -> None:
    """Only what was there before any of these tests stays."""
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


def registered(lab_host: LabHost, **values: Any) -> Host:
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
