"""The test of a host: each step of the way in, with a verdict. Sends nothing to an unproven key."""

from __future__ import annotations

from dataclasses import asdict

from django.db.models import F
from django.utils import timezone

from provisioning import reach
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.hostkeys import key_of
from provisioning.drivers.preflight import Step, preflight
from provisioning.drivers.target import SshTarget
from provisioning.operations.contract import Op
from provisioning.targets import unproven_target
from sites.models import Host

_DOCKER_WORKS = {"compose", "disk"}  # steps that fail without making the host unknown


def test(op: Op, host: HostDriver) -> None:
    """Looks at the host's key, then tries each step; the verdicts stay on the host's page."""
    row: Host = op.target
    with op.step("Host key", percent=10):
        _look_at_key(op, row)
    with op.step("Preflight", percent=30):
        steps = _walk(op, row)
    with op.step("Verdict", percent=90):
        _judge(op, row, steps)


def _look_at_key(op: Op, row: Host) -> None:
    """First contact, or a look whether a changed key is the approved one again."""
    way = unproven_target(row)
    if not isinstance(way, SshTarget):
        return
    try:
        shown = key_of(way)
    except DriverError as error:
        reach.failed(row, error)
        raise
    if shown != row.host_key or row.state in {Host.State.KEY_CHANGED, Host.State.KEY_UNAPPROVED}:
        reach.offered(row, shown)
    op.say(f"The host shows {row.offered_fingerprint or row.host_key_fingerprint}.")


def _walk(op: Op, row: Host) -> list[Step]:
    steps: list[Step] = []
    for step in preflight(unproven_target(row)):
        steps.append(step)
        op.say(f"{step.name}: {step.verdict}. {step.message}")
        shown = [asdict(each) for each in steps]
        Host.objects.filter(pk=row.pk).update(
            preflight=shown, preflight_at=timezone.now(), version=F("version") + 1
        )
        reach.publish_host(row.pk)
    return steps


def _judge(op: Op, row: Host, steps: list[Step]) -> None:
    failed = next((step for step in steps if step.verdict == "failed"), None)
    if failed is None:
        reach.reached(row)
        warned = sum(step.verdict == "warning" for step in steps)
        return op.conclude(
            f"{row.name} is ready" + (f", with {warned} warnings." if warned else ".")
        )
    error = DriverError(failed.message, failed.code)
    if failed.name in _DOCKER_WORKS:
        reach.reached(row)
    else:
        reach.failed(row, error)
    raise error
