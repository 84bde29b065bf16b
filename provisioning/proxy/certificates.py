"""The certificates that a proxy of ours keeps on its host, each in a folder named by its domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.drivers import caddy_install, host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from sites.models import Host

_STORE: Final = "caddy/certificates"  # below it a folder for each authority
_VOLUME: Final = f"{caddy_install.PROJECT}_data"


def forget(host: HostDriver, row: Host, names: Iterable[str]) -> list[str]:
    """Removes those of these domains; gives the names that had one. Twice is once.

    A Caddy that is a service of the host has them where we do not know: there they stay.
    """
    proxy = Proxy.objects.filter(host=row).first()
    store = store_of(host, proxy)
    if not store:
        return []
    wanted = {name.replace("*", "wildcard_") for name in names}
    folders = {path.rpartition("/")[0] for path in _listed(host, row, store)}
    gone = sorted(path for path in folders if path.rpartition("/")[2] in wanted)
    for path in gone:
        host_files.remove_tree(host, f"{store}/{path}", below=store, sudo=row.sudo)
    return sorted({path.rpartition("/")[2].replace("wildcard_", "*") for path in gone})


def store_of(host: HostDriver, proxy: Proxy | None) -> str:
    """The folder on the host that has one for each authority; empty where we do not know."""
    if proxy is None or not proxy.container:
        return ""
    try:
        return f"{host.docker.volume(_VOLUME).mountpoint}/{_STORE}"
    except DriverError as error:
        if error.code != "not_found":
            raise
        return ""


def _listed(host: HostDriver, row: Host, store: str) -> Iterable[str]:
    if not host_files.exists(host, store, sudo=row.sudo):
        return ()
    return host_files.listing(host, store, sudo=row.sudo)
