"""From a HostSpec to a running host."""

import secrets
from pathlib import Path

from tests.lab import rootfs
from tests.lab.accounts import Account, Login, make_key
from tests.lab.compose import compose_layer
from tests.lab.containers import seed_containers
from tests.lab.host import Host
from tests.lab.images import import_busybox
from tests.lab.inventory import HostSpec
from tests.lab.namespaces import init_of, start_machine
from tests.lab.nas import write_backups
from tests.lab.process import Process
from tests.lab.registry import Record
from tests.lab.services import UNITS, units_file


def make_tree(spec: HostSpec, *, record: Record) -> dict[str, Login]:
    """The host's files and the keys to it, before anything of it runs."""
    directory = Path(record.directory)
    logins = {a.user: _login(a, directory / "keys", spec.name) for a in spec.accounts}
    rootfs.build(
        tree=directory / spec.name,
        name=spec.name,
        address=record.network.address(spec.number),
        logins=list(logins.values()),
        has_docker=spec.has_docker,
    )
    return logins


def start_holder(spec: HostSpec, *, record: Record) -> Process:
    tree = Path(record.directory, spec.name)
    layers = [compose_layer()] if spec.has_docker else []
    return start_machine(tree=tree, name=spec.name, extra_usr=layers)


def start_host(
    spec: HostSpec, holder: Process, logins: dict[str, Login], *, record: Record, switch: Process
) -> Host:
    """Bring up everything on the host; returns when its daemons answer."""
    tree, network = Path(record.directory, spec.name), record.network
    host = Host(
        name=spec.name,
        address=network.address(spec.number),
        inner_address=network.inner_address(spec.number),
        holder=holder,
        init=init_of(holder, tree=tree),
        tree=tree,
        cgroup=f"{record.cgroup}/{spec.name}",
        logins=logins,
        has_docker=spec.has_docker,
    )
    network.connect_host(switch=switch, init=host.init, name=spec.name, number=spec.number)
    _start_daemons(host)
    if host.name == "nas":
        write_backups(host, owner_uid=host.login.account.uid)
    return host


def _start_daemons(host: Host) -> None:
    host.write_text(UNITS, units_file(has_docker=host.has_docker))
    host.make_host_key()
    host.configure_sshd()
    if host.has_docker:
        host.start_dockerd()
        import_busybox(host, directory=host.tree)
        seed_containers(host)


def _login(account: Account, folder: Path, host: str) -> Login:
    key = make_key(folder / f"{host}-{account.user}", comment=f"{account.user}@{host}")
    password = secrets.token_urlsafe(12) if account.with_password else None
    return Login(account, key, password)
