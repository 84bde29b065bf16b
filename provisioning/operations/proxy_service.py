"""A Caddy that is a service of its host becomes the host's proxy: it is configured, never started.

It knows no container by its name, so its upstreams are addresses; `proxy/moved.py` follows them.
"""

from __future__ import annotations

from functools import partial

from provisioning.drivers import host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.proxy_rows import as_it_was, conclude, keep, set_ports
from provisioning.proxy import apply
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import admin_of, folder_of, put_acme_root, upstreams_of
from sites.models import Host


def use(op: Op, host: HostDriver) -> None:
    """Puts beside it what it is to read, and has it serve the host's sites. Twice is once."""
    row: Host = op.target
    with op.step("Check", percent=5):
        proxy = _checked(op, host, row)
    with as_it_was(row, partial(_undo, op, host, row, proxy)):
        with op.step("Files", percent=15):
            host_files.make_folder(host, upstreams_of(row), mode=0o755, sudo=row.sudo)
            put_acme_root(host, row)
        with op.step("Network", percent=50):
            if not op.recall("had_network"):
                _make_network(host, proxy)
    with op.step("Sites", percent=80):
        keep(proxy)
        outcome = apply.apply_all(op, host, row)
    conclude(op, row, outcome, done=f"The Caddy of {row.name} serves its sites.")


def _checked(op: Op, host: HostDriver, row: Host) -> Proxy:
    """The row to be. What is there before is noted, once: the rest is ours to undo."""
    proxy = Proxy.objects.filter(host=row).first() or Proxy(host=row, container="")
    if not proxy.is_service:
        words = f"{row.name} has a proxy in a container already: {proxy.container}."
        raise VerbError(words, code="conflict")
    set_ports(proxy, op.params)
    try:
        admin_of(host, row, proxy).read()
    except DriverError as error:
        if error.code != "port_closed":
            raise
        words = f"No Caddy answers on {row.name} at 127.0.0.1:{proxy.admin_port}; start it first."
        raise VerbError(words, code="proxy_down") from None
    if op.recall("had_folder") is None:
        op.remember(
            had_folder=host_files.exists(host, folder_of(row), sudo=row.sudo),
            had_network=proxy.network in {one.name for one in host.docker.networks()},
        )
    return proxy


def _make_network(host: HostDriver, proxy: Proxy) -> None:
    """The one that the sites join; by a worker before us it may have been made."""
    try:
        host.docker.create_network(proxy.network, labels={})
    except DriverError as error:
        if error.code != "conflict":
            raise


def _undo(op: Op, host: HostDriver, row: Host, proxy: Proxy) -> None:
    """Writing to the journal comes first: it fails where another worker has taken over."""
    op.remember(undoing=True)
    try:
        if not op.recall("had_network") and _is_there(host, proxy.network):
            host.docker.remove_network(proxy.network)
        if not op.recall("had_folder"):
            host_files.remove_tree(host, folder_of(row), below=row.sites_root, sudo=row.sudo)
    except DriverError as left:
        op.say(f"Not looked after: {left.message}", stream="stderr")


def _is_there(host: HostDriver, network: str) -> bool:
    return network in {one.name for one in host.docker.networks()}
