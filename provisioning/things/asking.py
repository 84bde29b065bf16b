"""One read of a host for its lists of things. What it costs is a call or two of the Engine."""

from __future__ import annotations

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.pool import host_driver
from provisioning.drivers.things import ImageState
from provisioning.targets import target_of
from provisioning.things.judging import Seen
from sites.models import Host


def images_on(host: Host) -> Seen:
    """Raises DriverError when the host cannot be read, as the others do."""
    return read_images(host_driver(target_of(host)))


def volumes_on(host: Host) -> Seen:
    return read_volumes(host_driver(target_of(host)))


def networks_on(host: Host) -> Seen:
    return read_networks(host_driver(target_of(host)))


def image_on(driver: HostDriver, name: str) -> ImageState | None:
    """By name or id; None where the host has none."""
    try:
        return driver.docker.image(name)
    except DriverError as error:
        if error.code != "not_found":
            raise
        return None


# Things first, containers after them: one that is made in between is seen, with what it uses.


def read_images(driver: HostDriver) -> Seen:
    images = tuple(driver.docker.images())
    return Seen(tuple(driver.docker.containers()), images=images)


def read_volumes(driver: HostDriver) -> Seen:
    volumes = tuple(driver.docker.volumes())
    return Seen(tuple(driver.docker.containers()), volumes=volumes)


def read_networks(driver: HostDriver) -> Seen:
    networks = tuple(driver.docker.networks())
    return Seen(tuple(driver.docker.containers()), networks=networks)
