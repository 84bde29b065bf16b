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

_DOCKER_WORKS = {"compose", "disk"}  # steps that fail without making the containers unknown
_KEY = {"host_key_unknown", "host_key_changed"}


def test(op: Op, host: HostDriver) -> None:
    """Tries each step of the way in; the verdicts stay on the host's page."""
    row: Host = op.target
    shown: list[str] = []

    def look(target: SshTarget) -> str:
        shown.append(key_of(target))
        return shown[-1]

    steps: list[Step] = []
    with op.step("Preflight", percent=10):
        for step in preflight(unproven_target(row), offered=look):
            steps.append(step)
            op.say(f"{step.name}: {step.verdict}. {step.message}")
            _store(row, steps)
    with op.step("Verdict", percent=90):
        _judge(op, row, steps, shown[-1] if shown else "")


def _store(row: Host, steps: list[Step]) -> None:
    Host.objects.filter(pk=row.pk).update(
        preflight=[asdict(step) for step in steps],
        preflight_at=timezone.now(),
        version=F("version") + 1,
    )
    reach.publish_host(row.pk)


def _judge(op: Op, row: Host, steps: list[Step], shown: str) -> None:
    failed = next((step for step in steps if step.verdict == "failed"), None)
    if failed is None:
        reach.reached(row)
        warned = sum(step.verdict == "warning" for step in steps)
        words = f"{row.name} is ready" + (f", with {warned} warnings." if warned else ".")
        return op.conclude(words)
    error = DriverError(failed.message, failed.code)
    if failed.code in _KEY and shown:
        reach.offered(row, shown)
    elif failed.name in _DOCKER_WORKS:
        reach.reached(row)
    else:
        reach.failed(row, error)
    raise error
