"""Verbs on the volumes of a host. Data goes by the one verb that is named for it, and by nothing
else: never that of a site or its quarantine, never what a container has."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from provisioning.drivers import parse_things
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import VolumeState
from provisioning.operations import named_things
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.named_things import Kind, NewThing
from provisioning.operations.thing_labels import is_own, labels_for
from provisioning.things.asking import read_volumes
from provisioning.things.judging import why_volume_stays
from provisioning.things.models import DiskMeasure


class NewVolume(NewThing):
    """A local one. ``labels`` are written NAME=VALUE."""


def create(op: Op, host: HostDriver) -> None:
    """Makes an empty local volume. One that is there already is never touched."""
    named_things.create(op, host, _VOLUME)


def remove(op: Op, host: HostDriver) -> None:
    """Destroys a volume and the data in it. This cannot be undone.

    Never one that a container, also a stopped one, uses, nor one of a site or its quarantine.
    """
    named_things.remove(op, host, _VOLUME)


def _find(host: HostDriver, name: str) -> list[VolumeState]:
    try:
        return [host.docker.volume(name)]
    except DriverError as error:
        if error.code != "not_found":
            raise
        return []


def _make(op: Op, host: HostDriver) -> None:
    name = op.params.name
    made = host.docker.create_volume(name, labels=labels_for(op, op.params.labels))
    if not is_own(op, made.labels):  # Docker gives what somebody else made meanwhile
        words = f"Somebody else made a volume {name} on {op.target.name} just now."
        raise VerbError(words, code="name_taken", field="name")


def _told(volume: VolumeState) -> dict[str, Any]:
    made = volume.created_at.isoformat() if volume.created_at else ""
    return {"volume": volume.name, "driver": volume.driver, "created_at": made}


_VOLUME: Final = Kind(
    noun="volume",
    known_by="volume",
    noted=("labels",),
    content="its data",
    find=_find,
    make=_make,
    read=read_volumes,
    of=lambda seen: seen.volumes,
    why_stays=why_volume_stays,
    told=_told,
    take_away=lambda host, volume: host.docker.remove_volume(volume.name),
)


def measure(op: Op, host: HostDriver) -> None:
    """Has the Engine measure what volumes and images take. It reads all of its disk for it."""
    with op.step("Measure", percent=20):
        at = timezone.now()
        usage = parse_things.disk_usage(host.docker.disk_usage())
        DiskMeasure.objects.update_or_create(
            host=op.target,
            defaults={"volumes": usage.volumes, "images": usage.images, "measured_at": at},
        )
    op.conclude(
        f"{len(usage.volumes)} volumes and {len(usage.images)} images of {op.target.name} were "
        "measured."
    )
