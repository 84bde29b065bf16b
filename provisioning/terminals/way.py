"""The way to a host, for whoever opens or ends a terminal."""

from __future__ import annotations

from provisioning.drivers.host import HostDriver
from provisioning.drivers.pool import host_driver
from provisioning.targets import target_of
from sites.models import Host


def driver_of(host: Host) -> HostDriver:
    """DriverError when there is none, as when the host's key has changed."""
    return host_driver(target_of(host))
