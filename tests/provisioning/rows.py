"""Rows for tests of operations: a host that is reachable, and containers on it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from audit.actor import Actor
from provisioning.models import Operation
from sites.models import Container, Host

COMMAND = Actor(name="os:root", source="command")


def make_host(name: str = "web1", **values: Any) -> Host:
    now = timezone.now()
    values = {"connection": "local", "state": "reachable", "inventory_at": now, **values}
    return Host.objects.create(name=name, **values)


def make_container(host: Host, name: str = "shop-web-1", **values: Any) -> Container:
    now = timezone.now()
    values = {
        "state": "running",
        "state_since": now,
        "observed_at": now,
        "source": "read",
        **values,
    }
    return Container.objects.create(
        host=host, name=name, docker_id=values.pop("docker_id", name.ljust(64, "0")), **values
    )


def make_operation(target: Container, kind: str = "container.restart") -> Operation:
    now = timezone.now()
    return Operation.objects.create(
        kind=kind, target_type="container", target_id=target.pk, target_name=target.name,
        host=target.host, host_name=target.host.name, site=target.site, source="command",
        created_at=now, deadline_at=now, status="succeeded",
    )  # fmt: skip
