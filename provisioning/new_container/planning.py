"""The plan of a new container: what would be made, what is in the way, read from the host now."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.drivers.pool import host_driver
from provisioning.new_container.asked import NewContainer
from provisioning.new_container.judging import judge
from provisioning.new_container.world import World, networks_of, read, to_make, verdict
from provisioning.plans.shape import Change, Plan, Problem, digest_of
from provisioning.targets import target_of
from sites.models import Host


def plan(row: Host, asked: NewContainer) -> Plan:
    """Raises VerbError for what no host would change, and DriverError. Nothing is changed."""
    judge(row, asked)
    world = read(row, host_driver(target_of(row)), asked)
    found = verdict(row, asked, world)
    changes = tuple(_changes(asked, world))
    problems = tuple(
        Problem(one.code, f"{one.message[:1].upper()}{one.message[1:]}.", not one.warning)
        for one in found
    )
    return Plan(
        kind="container.create",
        site=asked.name,
        host=row.name,
        changes=changes,
        problems=problems,
        digest=digest_of(asked=asked.model_dump(mode="json"), changes=changes, problems=problems),
    )


def _changes(asked: NewContainer, world: World) -> Iterator[Change]:
    if world.image_id is None:
        yield Change("image", "create", asked.image, "pulled from its registry")
    else:
        yield Change("image", "keep", asked.image)
    volumes, networks = to_make(asked, world)
    for name in volumes:
        yield Change("volume", "create", name, "stays when the container is removed")
    for name in networks:
        yield Change("network", "create", name)
    for path in world.absent:
        yield Change("folder", "create", path)
    yield Change("container", "create", asked.name, ", ".join(_details(asked)))


def _details(asked: NewContainer) -> Iterator[str]:
    yield f"of {asked.image}"
    for port in asked.ports:
        yield f"port {port.container}/{port.protocol} at {port.address}:{port.host or 'a free one'}"
    for mount in asked.volumes:
        yield f"{mount.source} at {mount.target}{', read only' if mount.read_only else ''}"
    yield f"in {' and '.join(networks_of(asked))}"
    if asked.memory_bytes:
        yield f"{asked.memory_bytes / 2**20:.6g} MiB of memory at most"
    count = len(asked.environment)
    if count:
        yield f"{count} variable{'' if count == 1 else 's'}, masked"
    yield "started" if asked.start else "not started"
