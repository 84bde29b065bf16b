"""Verbs on one container. Each looks, acts once, and looks again: Docker's state is the truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning import inventory
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.log_archive.keeping import keep_logs
from provisioning.operations.contract import Op, VerbError

Reached = Callable[[ContainerState], bool]
ALIVE = {"running", "paused", "restarting"}
DONE_POLL_S = 0.2
SETTLE_S = 5


class Grace(BaseModel):
    """Seconds the container gets to end by itself before it is killed."""

    model_config = ConfigDict(extra="forbid")
    grace_s: int = Field(default=10, ge=0, le=300)


class Signal(BaseModel):
    model_config = ConfigDict(extra="forbid")
    signal: Literal["SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"] = (
        "SIGKILL"
    )


class Removal(BaseModel):
    """``force`` also removes a running container. Named volumes are never touched."""

    model_config = ConfigDict(extra="forbid")
    force: bool = False


def start(op: Op, host: HostDriver) -> None:
    _act(op, host, lambda: host.docker.start(_id(op)), lambda now: now.state == "running")


def stop(op: Op, host: HostDriver) -> None:
    grace_s = op.params.grace_s
    _act(
        op,
        host,
        lambda: host.docker.stop(_id(op), grace_s=grace_s),
        lambda now: now.state not in ALIVE,
        settle_s=grace_s + SETTLE_S,
    )


def restart(op: Op, host: HostDriver) -> None:
    grace_s = op.params.grace_s
    _act(
        op,
        host,
        lambda: host.docker.restart(_id(op), grace_s=grace_s),
        lambda now: now.state == "running" and _stamp(now) != op.recall("before")["started_at"],
        settle_s=grace_s + SETTLE_S,
    )


def kill(op: Op, host: HostDriver) -> None:
    signal = op.params.signal
    if signal == "SIGKILL":
        reached: Reached = lambda now: now.state not in ALIVE  # noqa: E731
        return _act(op, host, lambda: host.docker.kill(_id(op), signal=signal), reached)
    _signal_once(op, host, signal)


def pause(op: Op, host: HostDriver) -> None:
    _act(op, host, lambda: host.docker.pause(_id(op)), lambda now: now.state == "paused")


def unpause(op: Op, host: HostDriver) -> None:
    _act(op, host, lambda: host.docker.unpause(_id(op)), lambda now: now.state == "running")


def remove(op: Op, host: HostDriver) -> None:
    """Removes the container, not its volumes."""
    with op.step("Remove", percent=30):
        row = op.target
        keep_logs(op, host, row.host, row.site, [(_id(op), row.name)])
        try:
            host.docker.remove(_id(op), force=op.params.force)
        except DriverError as error:
            if error.code != "not_found":  # already gone is what was asked for
                raise
    with op.step("Check", percent=90):
        if not _gone(host, _id(op)):
            raise VerbError(
                "Docker accepted the removal, but the container is still there.", code="conflict"
            )
        with transaction.atomic():
            op.remember(gone=f"{op.target}: removed.")
            inventory.forget(op.target)


def _act(
    op: Op,
    host: HostDriver,
    effect: Callable[[], None],
    reached: Reached,
    *,
    settle_s: float = SETTLE_S,
) -> None:
    """Look, act, look. After a take-over the effect may be under way: wait before acting again."""
    with op.step("Look", percent=10):
        before = host.docker.container(_id(op))
        if op.recall("before") is None:
            op.remember(before={"state": before.state, "started_at": _stamp(before)})
    with op.step("Act", percent=30):
        under_way = op.recall("begun")
        if not (under_way and _settles(host, _id(op), reached, within_s=settle_s)):
            op.remember(begun=True)
            effect()
    with op.step("Check", percent=90):
        now, at = _wait(host, _id(op), reached)
        inventory.apply_one(op.target.host, now, at=at)
        op.remember(after={"state": now.state, "started_at": _stamp(now)})
        op.say(f"{now.name}: {op.recall('before')['state']} → {now.state}")


def _signal_once(op: Op, host: HostDriver, signal: str) -> None:
    if op.recall("begun"):
        raise VerbError(
            f"The worker died while {signal} was on its way; whether it arrived cannot be known.",
            code="outcome_unknown",
        )
    with op.step("Act", percent=30):
        op.remember(begun=True)
        host.docker.kill(_id(op), signal=signal)
    with op.step("Check", percent=90):
        at = timezone.now()
        inventory.apply_one(op.target.host, host.docker.container(_id(op)), at=at)


def _settles(host: HostDriver, docker_id: str, reached: Reached, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if reached(host.docker.container(docker_id)):
            return True
        time.sleep(DONE_POLL_S)  # Docker offers no wait for an effect another process asked for
    return False


def _wait(host: HostDriver, docker_id: str, reached: Reached) -> tuple[ContainerState, datetime]:
    """The wanted state and when it was asked for; after SETTLE_S it counts as not reached."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        at = timezone.now()
        if reached(now := host.docker.container(docker_id)):
            return now, at
        if time.monotonic() > deadline:
            code = "" if now.exit_code is None else f" (exit code {now.exit_code})"
            raise VerbError(
                f"Docker carried it out, but {now.name} is {now.state}{code}.",
                code="not_as_wanted",
            )
        time.sleep(DONE_POLL_S)  # another command may be changing it; Docker offers no wait


def _gone(host: HostDriver, docker_id: str) -> bool:
    try:
        return host.docker.container(docker_id).state == "removing"
    except DriverError as error:
        if error.code == "not_found":
            return True
        raise


def _id(op: Op) -> str:
    docker_id: str = op.target.docker_id
    return docker_id


def _stamp(state: ContainerState) -> str:
    return state.started_at.isoformat() if state.started_at else "never"
