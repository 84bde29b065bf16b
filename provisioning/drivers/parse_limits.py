"""The limits in ``GET /containers/{id}/json`` (Engine API 1.41), and the body that changes them.

The Engine takes a limit of memory or CPUs as "leave it" when it is 0, so it cannot take one off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_RESTARTS: Final = frozenset({"no", "on-failure", "always", "unless-stopped"})
_PERIOD_US: Final = 100_000
_NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """None: no limit. ``swap_bytes`` is memory and swap together, as Docker counts."""

    memory_bytes: int | None = None
    swap_bytes: int | None = None
    cpus: float | None = None
    pids: int | None = None
    restart: str = "no"


def limits_of(answer: Mapping[str, Any]) -> Limits:
    config = host_config(answer)
    policy = config.get("RestartPolicy")
    name = policy.get("Name") if isinstance(policy, dict) else None
    nano, quota, period = (_count(config.get(key)) for key in ("NanoCpus", "CpuQuota", "CpuPeriod"))
    cpus = nano / _NANO if nano else None
    if cpus is None and quota:
        cpus = quota / (period or _PERIOD_US)
    return Limits(
        memory_bytes=_count(config.get("Memory")),
        swap_bytes=_count(config.get("MemorySwap")),
        cpus=cpus,
        pids=_count(config.get("PidsLimit")),
        restart=name if name in _RESTARTS else "no",
    )


def host_config(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = answer.get("HostConfig")
    return found if isinstance(found, dict) else {}


def update_body(
    answer: Mapping[str, Any],
    *,
    memory_bytes: int | None = None,
    cpus: float | None = None,
    pids: int | None = None,
    restart: str | None = None,
) -> dict[str, Any]:
    """Of ``POST /containers/{id}/update``: what is None is not touched; ``pids`` 0 is no limit.

    Swap keeps its distance from memory, as the Engine refuses memory above both; CPUs are said in
    the way they were said before, as it takes no two ways at once.
    """
    body: dict[str, Any] = {}
    if memory_bytes is not None:
        body |= {"Memory": memory_bytes, "MemorySwap": _swap(answer, memory_bytes)}
    if cpus is not None and _count(host_config(answer).get("CpuQuota")):
        body |= {"CpuPeriod": _PERIOD_US, "CpuQuota": round(cpus * _PERIOD_US)}
    elif cpus is not None:
        body["NanoCpus"] = round(cpus * _NANO)
    if pids is not None:
        body["PidsLimit"] = pids
    if restart is not None:
        body["RestartPolicy"] = {"Name": restart, "MaximumRetryCount": 0}
    return body


def _swap(answer: Mapping[str, Any], memory_bytes: int) -> int:
    before = limits_of(answer)
    if host_config(answer).get("MemorySwap") == -1:
        return -1
    if not before.memory_bytes or not before.swap_bytes:
        return 2 * memory_bytes  # what Docker itself takes
    return memory_bytes + max(0, before.swap_bytes - before.memory_bytes)


def _count(value: object) -> int | None:
    """Above 0; Docker says "none" by 0, -1 or nothing."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value < 2**63 else None
