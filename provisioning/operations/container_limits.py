"""What a container may use: memory, CPUs, processes, and whether Docker brings it back."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning import inventory
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.parse_limits import Limits, limits_of, update_body
from provisioning.drivers.parse_stats import counters
from provisioning.new_container.asked import AS_SIZE, MAX_MEMORY, MIN_MEMORY
from provisioning.operations.contract import Op, Undone, VerbError

_MIB: Final = 1024 * 1024


class NewLimits(BaseModel):
    """What is not given stays as it is. ``pids`` 0 takes that limit off; those of memory and CPUs
    Docker can change and not take off. Memory in bytes or as 256m, at least 6m; CPUs in whole
    ones."""

    model_config = ConfigDict(extra="forbid")
    memory_bytes: Annotated[int | None, AS_SIZE] = Field(default=None, ge=MIN_MEMORY, le=MAX_MEMORY)
    cpus: float | None = Field(default=None, ge=0.01, le=1024)
    pids: int | None = Field(default=None, ge=0, le=4_194_304)
    restart: Literal["no", "on-failure", "always", "unless-stopped"] | None = None

    @property
    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


def change(op: Op, host: HostDriver) -> None:
    """Changes limits and restart policy of a container while it runs."""
    wanted: NewLimits = op.params
    docker_id: str = op.target.docker_id
    if not wanted.given:
        raise VerbError("There is nothing to change.", code="bad_params")
    with op.step("Look", percent=10):
        answer = host.docker.inspect(docker_id)
        if op.recall("before") is None:
            op.remember(before=told(limits_of(answer)))
        if not _reached(wanted, answer):
            _fits(host, docker_id, op.target.name, wanted, runs=_runs(answer))
    with op.step("Change", percent=40):
        if not _reached(wanted, answer):
            _update(op, host, docker_id, wanted, answer)
    with op.step("Check", percent=90):
        now = limits_of(host.docker.inspect(docker_id))
        op.remember(after=told(now))
        inventory.apply_one(op.target.host, host.docker.container(docker_id), at=timezone.now())
        op.conclude(f"{op.target.name}: {difference(op.recall('before'), told(now))}.")


def told(limits: Limits) -> dict[str, Any]:
    return {
        "memory_bytes": limits.memory_bytes,
        "cpus": limits.cpus,
        "pids": limits.pids,
        "restart": limits.restart,
    }


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """As "memory 64 MiB → 128 MiB, CPUs none → 0.5"."""
    changed = [name for name in _NAMES if before.get(name) != after.get(name)]
    words = [f"{_NAMES[name]} {_word(name, before.get(name))} → {_word(name, after.get(name))}"
             for name in changed]  # fmt: skip
    return ", ".join(words) or "nothing had to be changed"


_NAMES: Final = {
    "memory_bytes": "memory", "cpus": "CPUs", "pids": "processes", "restart": "restart policy",
}  # fmt: skip


def _word(name: str, value: Any) -> str:
    if value is None:
        return "without a limit"
    return f"{value / _MIB:.6g} MiB" if name == "memory_bytes" else f"{value}"


def _update(
    op: Op, host: HostDriver, docker_id: str, wanted: NewLimits, answer: dict[str, Any]
) -> None:
    """One call, which the Engine carries out whole or not at all; what it left is looked at."""
    op.remember(begun=True)
    try:
        host.docker.update_container(docker_id, update_body(answer, **wanted.given))
        now = host.docker.inspect(docker_id)
        if not _reached(wanted, now):
            words = f"Docker accepted the limits of {op.target.name}, but does not show them."
            raise VerbError(words, code="not_as_wanted")
    except (DriverError, VerbError) as error:
        _put_back(op, host, docker_id, wanted)
        raise Undone(error, f"{op.target.name} has the limits it had.") from None


def _put_back(op: Op, host: HostDriver, docker_id: str, wanted: NewLimits) -> None:
    """What had no limit of memory or CPUs before cannot lose one again: then it is said."""
    with op.step("Put back", percent=op.row.percent, goes_on=True):
        before: dict[str, Any] = op.recall("before")
        answer = host.docker.inspect(docker_id)
        now = told(limits_of(answer))
        moved = {name: before[name] for name in wanted.given if before[name] != now[name]}
        if "pids" in moved:
            moved["pids"] = moved["pids"] or 0
        stuck = [_NAMES[name] for name, value in moved.items() if value is None]
        again = {name: value for name, value in moved.items() if value is not None}
        if again:
            host.docker.update_container(docker_id, update_body(answer, **again))
        if stuck:
            words = f"Docker cannot take off the new limit of {' and '.join(stuck)}"
            raise VerbError(f"{op.target.name}: {words}: make it anew.", code="not_as_wanted")


def _reached(wanted: NewLimits, answer: dict[str, Any]) -> bool:
    now = told(limits_of(answer))
    return all(now[name] == (value or None) for name, value in wanted.given.items())


def _runs(answer: dict[str, Any]) -> bool:
    state = answer.get("State")
    return isinstance(state, dict) and state.get("Status") in ("running", "paused")


def _fits(host: HostDriver, docker_id: str, name: str, wanted: NewLimits, *, runs: bool) -> None:
    """Less than it uses now would end it, or keep it from making the next process."""
    if not runs or (wanted.memory_bytes is None and not wanted.pids):
        return
    now = counters(host.docker.stats(docker_id))
    used, pids = now.memory_bytes or 0, now.pids or 0
    if wanted.memory_bytes is not None and wanted.memory_bytes <= used:
        words = f"{name} uses {used / _MIB:.1f} MiB of memory now: a lower limit would end it."
        raise VerbError(words, code="below_use", field="memory_bytes")
    if wanted.pids and wanted.pids < pids:
        words = f"{name} has {pids} processes and threads now: the limit cannot be lower."
        raise VerbError(words, code="below_use", field="pids")
