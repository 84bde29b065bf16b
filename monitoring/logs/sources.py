"""What is needed of a container to follow its log: its row would hold more than that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db import connections

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi
from provisioning.drivers.pool import host_driver
from provisioning.targets import target_of
from sites.models import Container, Host


@dataclass(frozen=True, slots=True)
class Source:
    container: int
    name: str
    docker_id: str
    host: int
    site: int | None

    COLUMNS: ClassVar = ("pk", "name", "docker_id", "host_id", "site_id")

    @classmethod
    def of(cls, row: Container) -> Source:
        return cls(row.pk, row.name, row.docker_id, row.host_id, row.site_id)

    def docker(self) -> DockerApi:
        """Raises DriverError. Reads the database, in a thread that keeps no connection to it."""
        try:
            row = Host.objects.select_related("credential", "via").get(pk=self.host)
            return host_driver(target_of(row)).docker
        except Host.DoesNotExist:
            raise DriverError(f"{self.name}: its host was removed", "not_found") from None
        finally:
            connections.close_all()
