"""lab.json: what another process needs to know of a running lab, and the way back from it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.lab.accounts import Account, Login
from tests.lab.command import LabError
from tests.lab.host import Host
from tests.lab.nas import BACKUP_PATH
from tests.lab.process import Process
from tests.lab.registry import Record, records

FILE = "lab.json"


def write_description(hosts: dict[str, Host], *, record: Record) -> Path:
    """Write lab.json into the lab's folder. It names key files and holds passwords: mode 600."""
    file = Path(record.directory, FILE)
    file.touch(mode=0o600)
    known = {name: _describe(host) for name, host in hosts.items()}
    content = {"slot": record.slot, "directory": record.directory, "hosts": known}
    file.write_text(json.dumps(content, indent=2) + "\n")
    return file


def _describe(host: Host) -> dict[str, Any]:
    return {
        "address": host.address,
        "inner_address": host.inner_address,
        "port": host.port,
        "user": host.user,
        "logins": [_describe_login(login) for login in host.logins.values()],
        "host_public_key": host.host_public_key,
        "fingerprint": host.fingerprint,
        "docker_socket": host.docker_socket if host.has_docker else None,
        "docker_socket_outside": str(host.docker_socket_outside) if host.has_docker else None,
        "backup_path": BACKUP_PATH if host.name == "nas" else None,
        "holder": asdict(host.holder),
        "init": asdict(host.init),
        "cgroup": host.cgroup,
    }


def _describe_login(login: Login) -> dict[str, Any]:
    key = str(login.private_key_file)
    return {"account": asdict(login.account), "private_key_file": key, "password": login.password}


def attach(slot: int | None = None) -> dict[str, Host]:
    """The hosts of the running lab in `slot`, or of the only one. LabError if unclear."""
    running = [r for r in records() if r.owner.alive() and Path(r.directory, FILE).exists()]
    if slot is not None:
        running = [record for record in running if record.slot == slot]
    if len(running) != 1:
        raise LabError(f"running labs: {[r.slot for r in running] or 'none'}; say which")
    content = json.loads(Path(running[0].directory, FILE).read_text())
    return {n: _host(n, d, running[0].directory) for n, d in content["hosts"].items()}


def _host(name: str, known: dict[str, Any], directory: str) -> Host:
    logins = [_login(login) for login in known["logins"]]
    return Host(
        name=name,
        address=known["address"],
        inner_address=known["inner_address"],
        holder=Process(**known["holder"]),
        init=Process(**known["init"]),
        tree=Path(directory, name),
        cgroup=known["cgroup"],
        logins={login.user: login for login in logins},
        has_docker=known["docker_socket"] is not None,
    )


def _login(known: dict[str, Any]) -> Login:
    account = {**known["account"]}
    account["groups"], account["sudo"] = tuple(account["groups"]), tuple(account["sudo"])
    return Login(Account(**account), Path(known["private_key_file"]), known["password"])
