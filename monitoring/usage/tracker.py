"""Remembers the sample before, so that the next one says what was used in between."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitoring.rates import Readings, container_readings, host_readings, is_gap
from provisioning.drivers.sampler_parse import ContainerCounters, Sample

_ANY_CPUS = 4096  # when the host does not say how many it has


@dataclass(frozen=True, slots=True)
class Used:
    """Readings of the host, and of its containers by Docker's id."""

    host: Readings
    containers: dict[str, Readings] = field(default_factory=dict)


class Tracker:
    """One host's samples, in their order."""

    def __init__(self) -> None:
        self._before: Sample | None = None

    def step(self, sample: Sample, *, longest_s: float) -> Used:
        """``longest_s`` is how far two samples may be apart before it is a gap."""
        before, self._before = self._before, sample
        elapsed_s = sample.uptime_s - before.uptime_s if before is not None else 0.0
        if before is None or is_gap(elapsed_s, longest_s=longest_s):
            return self._used(None, sample, 1.0)
        return self._used(before, sample, elapsed_s)

    def _used(self, before: Sample | None, sample: Sample, elapsed_s: float) -> Used:
        known = before.containers if before is not None else {}
        cpus = sample.host.cpus or _ANY_CPUS
        containers = {
            docker_id: container_readings(
                known.get(docker_id), counters, elapsed_s=elapsed_s, cpus=cpus
            )
            for docker_id, counters in sample.containers.items()
            if counters != _NOTHING
        }
        host = host_readings(before.host if before else None, sample.host, elapsed_s=elapsed_s)
        return Used(host, containers)


_NOTHING = ContainerCounters()


class DockerTracker:
    """The same of single containers, as Docker counts them, each at its own time."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, ContainerCounters]] = {}

    def step(
        self, docker_id: str, at_s: float, counters: ContainerCounters, *, longest_s: float
    ) -> Readings:
        before_s, before = self._before.get(docker_id, (at_s, None))
        self._before[docker_id] = at_s, counters
        if is_gap(at_s - before_s, longest_s=longest_s):
            return container_readings(None, counters, elapsed_s=1.0, cpus=_ANY_CPUS)
        return container_readings(before, counters, elapsed_s=at_s - before_s, cpus=_ANY_CPUS)

    def keep_only(self, docker_ids: set[str]) -> None:
        self._before = {key: row for key, row in self._before.items() if key in docker_ids}
