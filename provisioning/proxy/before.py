"""What a proxy served before an operation changed it: kept in its journal, and put back from it.

Written before anything is changed and only once, so that a worker that takes over knows it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from provisioning.drivers import host_files
from provisioning.drivers.caddy_load import load
from provisioning.drivers.caddy_vhost import Block
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import admin_of, upstreams_of
from provisioning.proxy.plan import Plan
from sites.models import Host

_KEY: Final = "proxy_before"


def remember(op: Op, host: HostDriver, row: Host, plan: Plan) -> None:
    """Adds what the plan would change and is not remembered yet."""
    kept = op.recall(_KEY) or {"vhosts": {}, "upstreams": {}}
    vhosts = {
        name: asdict(there.block) if (there := plan.seen.vhosts.get(name)) else None
        for name in plan.changes
        if name not in kept["vhosts"]
    }
    upstreams = {
        key: _text(host, row, key) for key in plan.upstreams if key not in kept["upstreams"]
    }
    if vhosts or upstreams:
        made = {"vhosts": kept["vhosts"] | vhosts, "upstreams": kept["upstreams"] | upstreams}
        op.remember(**{_KEY: made})


def forget(op: Op) -> None:
    """What was changed is proven: there is nothing to go back to any more."""
    if op.recall(_KEY):
        op.remember(**{_KEY: None})


def put_back(
    op: Op, host: HostDriver, row: Host, proxy: Proxy, *, names: Iterable[str] | None = None
) -> bool:
    """All of it, or the vhosts of these names. False when there was nothing to put back."""
    kept = op.recall(_KEY)
    if not kept:
        return False
    op.remember(proxy_put_back=True)  # fails if another worker has taken over: then it is theirs
    if names is None:
        write(host, row, kept["upstreams"])
    wanted = kept["vhosts"] if names is None else {name: kept["vhosts"].get(name) for name in names}
    load(admin_of(host, row, proxy), {name: _block(one) for name, one in wanted.items()})
    return True


def write(host: HostDriver, row: Host, upstreams: dict[str, str | None]) -> None:
    """Each file at once and whole: Caddy reads it with every request."""
    folder = upstreams_of(row)
    for key, text in upstreams.items():
        path = f"{folder}/{key}"
        if text is None:
            host_files.remove_tree(host, path, below=folder, sudo=row.sudo)
        else:
            host_files.write(host, path, text.encode(), mode=0o644, sudo=row.sudo)


def _text(host: HostDriver, row: Host, key: str) -> str | None:
    data = host_files.read(host, f"{upstreams_of(row)}/{key}", sudo=row.sudo, max_bytes=1000)
    return None if data is None else data.decode("utf-8", "replace")


def _block(kept: Any) -> Block | None:
    return Block(**kept) if kept else None
