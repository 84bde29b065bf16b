"""What the host has that a new container meets: read, and judged together with what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provisioning.drivers import host_files
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.lint_places import PROXY_NETWORK
from provisioning.drivers.things import NetworkState, VolumeState
from provisioning.new_container.asked import NewContainer
from provisioning.new_container.engine_config import MADE_BY
from provisioning.new_container.judging import MODES, Finding, findings, folder_of, model
from provisioning.sightings import project as project_of
from sites.models import Host

Thing = ContainerState | VolumeState | NetworkState
_ANY: Final = {"0.0.0.0", "::", ""}  # noqa: S104  (nothing is bound here: how Docker says "all")


@dataclass(frozen=True)
class World:
    """``image_id`` is None while the host lacks the image; ``led_out`` are binds that links lead
    out of the container's folder, ``absent`` those that are not there."""

    containers: list[ContainerState]
    volumes: dict[str, VolumeState]
    networks: dict[str, NetworkState]
    image_id: str | None
    led_out: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def made_by(self, mark: str) -> ContainerState | None:
        found = (one for one in self.containers if one.labels.get(MADE_BY) == mark)
        return next(found, None)

    @property
    def projects(self) -> set[str]:
        things: list[Thing] = [*self.containers, *self.volumes.values(), *self.networks.values()]
        return {project_of(one) for one in things} - {""}

    @property
    def foreign(self) -> set[str]:
        """Volumes and networks of compose projects, by their labels or by who uses them."""
        things: list[Thing] = [*self.volumes.values(), *self.networks.values()]
        used = [one for one in self.containers if project_of(one)]
        return (
            {one.name for one in things if project_of(one)}
            | {name for one in used for name in (*one.volumes, *one.networks)}
        ) - {PROXY_NETWORK}

    @property
    def free(self) -> set[str]:
        return (self.volumes.keys() | self.networks.keys()) - self.foreign


def read(row: Host, driver: HostDriver, asked: NewContainer) -> World:
    """Raises DriverError."""
    docker, folder = driver.docker, folder_of(row, asked.name)
    binds = [one.source for one in asked.volumes if one.is_bind]
    inside = [path for path in binds if path.startswith(f"{folder}/")]
    return World(
        containers=docker.containers(),
        volumes={one.name: one for one in docker.volumes()},
        networks={one.name: one for one in docker.networks()},
        image_id=image_id(driver, asked.image),
        led_out=host_files.leading_out(driver, folder, inside, sudo=row.sudo),
        absent=[one for one in inside if not host_files.exists(driver, one, sudo=row.sudo)],
    )


def image_id(driver: HostDriver, name: str) -> str | None:
    try:
        return driver.docker.image(name).image_id
    except DriverError as error:
        if error.code != "not_found":
            raise
        return None


def verdict(row: Host, asked: NewContainer, world: World, *, mark: str = "") -> list[Finding]:
    """What the lint says knowing the host, and what of the host is in the way. What ``mark`` has
    made already is in nobody's way."""
    made_volumes = {one.name for one in world.volumes.values() if _is_of(one, mark)}
    made_networks = {one.name for one in world.networks.values() if _is_of(one, mark)}
    ours = made_volumes | made_networks
    others = replace(world, containers=[one for one in world.containers if not _is_of(one, mark)])
    return [
        *_in_the_way(row, asked, others),
        *findings(
            row, asked, free=others.free | ours, foreign=others.foreign,
            resolved=_resolved(asked, world),
        ),
    ]  # fmt: skip


def _is_of(thing: Thing, mark: str) -> bool:
    return bool(mark) and thing.labels.get(MADE_BY) == mark


def _resolved(asked: NewContainer, world: World) -> dict[str, Any]:
    """The model with what volumes and networks of these names are: a volume may be a folder."""
    found = model(asked)
    for name, told in found["volumes"].items():
        if volume := world.volumes.get(name):
            told |= {"driver": volume.driver, "driver_opts": volume.options}
    for name, told in found["networks"].items():
        if network := world.networks.get(name):
            told["driver"] = network.driver
    return found


def _in_the_way(row: Host, asked: NewContainer, world: World) -> Iterator[Finding]:
    if any(one.name == asked.name for one in world.containers):
        words = f"there is a container {asked.name} on {row.name} already"
        yield Finding("name", "name_taken", words, warning=False)
    if asked.name in world.projects:
        words = f"a compose project on {row.name} is called so, whose things would be its own"
        yield Finding("name", "name_taken", words, warning=False)
    if world.image_id is None and asked.pull == "never":
        words = f"{row.name} does not have this image; pull it first, or have it pulled"
        yield Finding("image", "image_missing", words, warning=False)
    if PROXY_NETWORK in asked.networks and PROXY_NETWORK not in world.networks:
        words = f"{row.name} has no network {PROXY_NETWORK}; install the proxy first"
        yield Finding("networks", "proxy_missing", words, warning=False)
    for path in world.led_out:
        words = f"a link leads {path} out of the container's folder"
        yield Finding("volumes", "bind_outside", words, warning=False)
    yield from _taken_ports(row, asked, world.containers)


def _taken_ports(
    row: Host, asked: NewContainer, containers: Iterable[ContainerState]
) -> Iterator[Finding]:
    taken = {
        (port.public, port.protocol, port.address): one.name
        for one in containers
        for port in one.ports
        if port.public
    }
    for index, wanted in enumerate(asked.ports):
        for (number, protocol, address), name in taken.items():
            same = (number, protocol) == (wanted.host, wanted.protocol)
            if same and (address == wanted.address or _ANY & {address, wanted.address}):
                words = f"{name} has port {number} on {row.name}"
                yield Finding(f"ports.{index}", "port_taken", words, warning=False)
                break


def networks_of(asked: NewContainer) -> list[str]:
    """Those it is to be in; without any it gets one of its own, as compose projects do."""
    return asked.networks or [f"{asked.name}_default"]


def to_make(asked: NewContainer, world: World) -> tuple[list[str], list[str]]:
    """The volumes and the networks that are not there yet."""
    volumes = dict.fromkeys(one.source for one in asked.volumes if not one.is_bind)
    networks = [name for name in networks_of(asked) if name not in MODES]
    return (
        [name for name in volumes if name not in world.volumes],
        [name for name in networks if name not in world.networks],
    )
