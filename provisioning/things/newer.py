"""Whether a registry has a newer image under a name: what it said, and what the host has now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.utils import timezone

from provisioning.drivers.image_names import split_reference
from provisioning.drivers.things import ImageState
from provisioning.things.models import RegistryCheck
from sites.models import Host

State = Literal["current", "newer", "unknown"]
# What a registry said longer ago says nothing of today.
COUNTS_FOR: Final = timedelta(days=7)
_UNASKED: Final = "The registry was not asked yet."


@dataclass(frozen=True, slots=True)
class Newer:
    """``state`` as of ``asked_at``; ``why`` it is unknown, if it is."""

    name: str
    state: State
    asked_at: datetime | None = None
    why: str = ""


def newer(name: str, image: ImageState, check: RegistryCheck | None, *, now: datetime) -> Newer:
    """Never "current" of what was not asked, long ago or in vain."""
    if check is None:
        return Newer(name, "unknown", None, _UNASKED)
    at, here = check.checked_at, _digests(name, image)
    if not check.digest:
        return Newer(name, "unknown", at, check.error)
    if not here:
        return Newer(name, "unknown", at, "It was not pulled from a registry.")
    if check.digest not in here:
        return Newer(name, "newer", at)
    if now - at > COUNTS_FOR:
        return Newer(name, "unknown", at, "The registry was asked too long ago.")
    return Newer(name, "current", at)


def checks_of(host: Host) -> dict[str, RegistryCheck]:
    return {row.name: row for row in RegistryCheck.objects.filter(host=host)}


def keep(host: Host, name: str, *, digest: str = "", error: str = "") -> None:
    """What the registry said of the name just now, or why it said nothing."""
    said = {"digest": digest, "error": error, "checked_at": timezone.now()}
    RegistryCheck.objects.update_or_create(host=host, name=name, defaults=said)


def forget(host: Host, name: str) -> None:
    RegistryCheck.objects.filter(host=host, name=name).delete()


def _digests(name: str, image: ImageState) -> set[str]:
    """What registries call the image under this very name's repository."""
    repository, _ = split_reference(name)
    parts = (one.partition("@") for one in image.digests)
    return {digest for found, _, digest in parts if found == repository}


def now_of(host: Host, name: str, image: ImageState) -> Newer:
    check = RegistryCheck.objects.filter(host=host, name=name).first()
    return newer(name, image, check, now=timezone.now())
