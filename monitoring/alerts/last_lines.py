"""The last lines of a container's log, kept with the alert about it: often they say why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from django.db.models import QuerySet

from audit.masking import cap_line, mask_text
from monitoring.alerts.kinds import Type
from monitoring.alerts.models import Alert
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from sites.models import Container

LINES: Final = 20
MAX_LINE: Final = 300
# The host answers, but has no such log.
_NONE: Final = frozenset({"not_found", "docker_error", "conflict"})


def unread() -> QuerySet[Alert]:
    """While it is pending, so that they are there when it fires."""
    return Alert.objects.open().filter(subject_type=Type.CONTAINER, log__isnull=True)


def hosts_with_unread(keys: Collection[int]) -> set[int]:
    rows = unread().filter(host_id__in=keys).order_by()
    return {key for key in rows.values_list("host_id", flat=True).distinct() if key is not None}


def unread_of(host: int) -> list[tuple[int, str]]:
    """The alerts' keys, and Docker's of the containers."""
    alerts = dict(unread().filter(host_id=host).order_by("pk").values_list("pk", "subject_id"))
    rows = Container.objects.filter(pk__in={key for key in alerts.values() if key is not None})
    ids = dict(rows.values_list("pk", "docker_id"))
    return [(key, ids[container]) for key, container in alerts.items() if container in ids]


def read(host: HostDriver, wanted: Collection[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Secrets masked, long lines cut. Raises DriverError when the host cannot be asked."""
    for key, docker_id in wanted:
        try:
            lines = host.docker.logs(docker_id, tail=LINES)
        except DriverError as error:
            if error.code not in _NONE:
                raise
            lines = []
        yield key, [cap_line(mask_text(line), MAX_LINE) for line in lines[-LINES:]]


def keep(key: int, lines: list[str]) -> None:
    Alert.objects.filter(pk=key, log__isnull=True).update(log=lines)
