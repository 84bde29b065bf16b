"""Lab hosts as rows, as if somebody had added them and approved their keys."""

from __future__ import annotations

from typing import Any

from sites.models import Container, Credential, Host
from sites.schemas import host_is_fresh
from tests.lab.host import Host as LabHost
from tests.provisioning.rows import make_host


def register(lab_host: LabHost, *, approved: bool = True, user: str = "", **values: Any) -> Host:
    login = lab_host.logins[user] if user else lab_host.login
    credential = Credential(kind=Credential.Kind.KEY, public_key=login.public_key)
    credential.seal(login.private_key)
    credential.save()
    values = {
        "connection": "ssh",
        "address": lab_host.address,
        "port": lab_host.port,
        "username": login.user,
        "credential": credential,
        "host_key": lab_host.host_public_key if approved else "",
        "sudo": login.user == "deploy",
        "state": "new",
        "inventory_at": None,
        **values,
    }
    return make_host(lab_host.name, **values)


def state(name: str) -> str:
    return Host.objects.get(name=name).state


def fresh(name: str) -> bool:
    return host_is_fresh(Host.objects.get(name=name))


def container_state(host: str, name: str) -> str:
    """ "" when there is no such row."""
    found = Container.objects.filter(host__name=host, name=name).values_list("state", flat=True)
    return found.first() or ""
