"""Verbs that talk to a host: test, refresh, restart a service."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import F
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning import inventory, reach
from provisioning.drivers import systemd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import read_facts
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from sites.models import Host

ACTIVE_POLLS = 20
ACTIVE_POLL_S = 0.5


class Service(BaseModel):
    model_config = ConfigDict(extra="forbid")
    service: str = Field(pattern=systemd.UNIT_PATTERN, max_length=255)


def refresh(op: Op, host: HostDriver) -> None:
    """Reads containers, facts and services anew."""
    row: Host = op.target
    with op.step("Containers", percent=20):
        at = timezone.now()
        seen = [host.docker.container(short.docker_id) for short in host.docker.containers()]
        inventory.apply_all(row, seen, at=at)
        reach.reached(row)
        reach.looked_at(row, at)
        op.say(f"{len(seen)} containers")
    with op.step("Facts", percent=60):
        store_facts(row, read_facts(host).to_dict())
    with op.step("Services", percent=90):
        store_services(row, host)
        op.say(f"{len(row.services)} services")


def restart_service(op: Op, host: HostDriver) -> None:
    """Restarts a systemd unit and waits until systemd calls it active."""
    unit = op.params.service
    with op.step("Reach the host", percent=10):
        before = systemd.read_unit(host, unit)
    with op.step("Restart", percent=30):
        if not _restarted_already(op, before):
            op.remember(before=before, begun=True)
            _restart(op, host, unit)
    with op.step("Settle", percent=50):
        after = systemd.wait_active(host, unit, timeout_s=ACTIVE_POLLS * ACTIVE_POLL_S)
        op.remember(after=after)
    with op.step("Check", percent=90):
        store_services(op.target, host)
        if after["ActiveState"] != "active":
            raise VerbError(
                f"{unit} was restarted, but is {after['ActiveState']} ({after['SubState']}).",
                code="not_as_wanted",
            )
    op.conclude(f"{unit} was restarted on {op.target.name} and is active.")


def _restarted_already(op: Op, unit: dict[str, str]) -> bool:
    """Whether a worker that died here had systemd do it: the unit became active since then."""
    mark = "ActiveEnterTimestamp"
    return bool(op.recall("begun")) and op.recall("before").get(mark) != unit.get(mark)


def _restart(op: Op, host: HostDriver, unit: str) -> None:
    said = host.run(systemd.restart_argv(unit), sudo=op.target.sudo)
    op.say(said.stdout + said.stderr)
    if said.exit_code:
        reason = said.stderr.strip()[:300] or "no reason given"
        raise VerbError(f"systemd would not restart {unit}: {reason}", code="command_failed")


def store_facts(row: Host, facts: dict[str, Any]) -> None:
    row.facts, row.facts_at = facts, timezone.now()
    _save(row, "facts", "facts_at")


def store_services(row: Host, host: HostDriver) -> None:
    """Keeps the list of services; a host without systemd has none."""
    try:
        row.services = [asdict(service) for service in systemd.list_services(host)]
    except DriverError as error:
        if error.code != "command_failed":
            raise
        row.services = []
    row.services_at = timezone.now()
    _save(row, "services", "services_at")


def _save(row: Host, *fields: str) -> None:
    values = {name: getattr(row, name) for name in fields}
    Host.objects.filter(pk=row.pk).update(**values, version=F("version") + 1)
    reach.publish_host(row.pk)
