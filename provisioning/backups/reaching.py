"""The way to a NAS."""

from __future__ import annotations

from typing import cast

from provisioning.drivers import pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import FolderHost
from provisioning.drivers.host import HostDriver
from provisioning.drivers.target import SshTarget, Target
from provisioning.targets import target_of
from sites.models import Host


def nas_driver(row: Host) -> FolderHost:
    """DriverError while its key is not approved or has changed."""
    target = target_of(row)
    return as_nas(pool.host_driver(target), target)


def as_nas(driver: HostDriver, target: Target) -> FolderHost:
    """Only what is reached by SSH: a folder of this machine that hangs would hang us as well."""
    if not isinstance(target, SshTarget):
        raise DriverError(f"{target.name} is not reached by SSH, so it is no NAS.", "no_sftp")
    return cast(FolderHost, driver)
