"""Verbs on the volumes of a host. Data goes by the one verb that is named for it, and by nothing
else: never that of a site or its quarantine, never what a container has."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning.drivers import parse_things
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import VolumeState
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.thing_labels import NAME_PATTERN, Labels, is_own, labels_for
from provisioning.things.asking import read_volumes
from provisioning.things.judging import why_volume_stays
from provisioning.things.models import DiskMeasure
from provisioning.things.owning import owned_on
from sites.rows import EVERYTHING


class NewVolume(BaseModel):
    """A local one. ``labels`` are written NAME=VALUE."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=NAME_PATTERN)
    labels: Labels = []


class OldVolume(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$")


def create(op: Op, host: HostDriver) -> None:
    """Makes an empty local volume. One that is there already is never touched."""
    name = op.params.name
    with op.step("Look", percent=20):
        there = _found(host, name)
        if there is not None and not is_own(op, there.labels):
            words = f"{op.target.name} has a volume {name} already."
            raise VerbError(words, code="name_taken", field="name")
    with op.step("Create", percent=50):
        made = host.docker.create_volume(name, labels=labels_for(op, op.params.labels))
        if not is_own(op, made.labels):  # Docker gives what somebody else made meanwhile
            words = f"Somebody else made a volume {name} on {op.target.name} just now."
            raise VerbError(words, code="name_taken", field="name")
        op.remember(after={"volume": name, "labels": op.params.labels})
    op.conclude(f"The volume {name} was made on {op.target.name}.")


def remove(op: Op, host: HostDriver) -> None:
    """Destroys a volume and the data in it. This cannot be undone.

    Never one that a container, also a stopped one, uses, nor one of a site or its quarantine.
    """
    name = op.params.name
    with op.step("Look", percent=20):
        is_there = _may_go(op, host, name)
    with op.step("Remove", percent=50):
        if is_there:
            op.remember(begun=True)
            _take_away(host, name)
    with op.step("Check", percent=90):
        if _found(host, name) is not None:
            raise VerbError(f"The volume {name} is still there.", code="not_as_wanted")
        op.remember(after={})
    op.conclude(f"The volume {name} and its data were removed from {op.target.name}.")


def _may_go(op: Op, host: HostDriver, name: str) -> bool:
    """False where a worker that died here had it removed already."""
    seen = read_volumes(host)
    volume = next((one for one in seen.volumes if one.name == name), None)
    if volume is None and op.recall("begun"):
        return False
    if volume is None:
        raise VerbError(f"There is no volume {name} on {op.target.name}.", code="not_found")
    before = _described(volume)
    if op.recall("before") not in (None, before):
        raise VerbError(f"{name} is another volume by now.", code="changed")
    if why := why_volume_stays(volume, seen, owned_on(op.target, user=EVERYTHING)):
        words = f"The volume {name} stays on {op.target.name}. {why}"
        raise VerbError(words, code="in_use")
    op.remember(before=before)
    return True


def _described(volume: VolumeState) -> dict[str, Any]:
    made = volume.created_at.isoformat() if volume.created_at else ""
    return {"volume": volume.name, "driver": volume.driver, "created_at": made}


def _take_away(host: HostDriver, name: str) -> None:
    try:
        host.docker.remove_volume(name)
    except DriverError as error:
        if error.code != "not_found":
            raise


def _found(host: HostDriver, name: str) -> VolumeState | None:
    try:
        return host.docker.volume(name)
    except DriverError as error:
        if error.code != "not_found":
            raise
        return None


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
