"""Whether an image, volume or network may go, purely: of what the host says and what rows say.

Each answers with the reason why not, or with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.image_names import full_name
from provisioning.drivers.things import ImageState, NetworkState, VolumeState
from provisioning.sightings import PROJECT_LABEL
from provisioning.things.owning import Owned, Owner

_ANONYMOUS: Final = re.compile(r"[0-9a-f]{64}")
# Docker's own, and those of Swarm.
BUILT_IN: Final = frozenset({"bridge", "host", "none", "ingress", "docker_gwbridge"})
_NAMED: Final = 5  # users that a sentence names


@dataclass(frozen=True, slots=True)
class Seen:
    """What one read of a host found. ``containers`` are all, stopped ones as well."""

    containers: tuple[ContainerState, ...] = ()
    images: tuple[ImageState, ...] = ()
    volumes: tuple[VolumeState, ...] = ()
    networks: tuple[NetworkState, ...] = ()

    def of_image(self, image: ImageState) -> list[ContainerState]:
        return [one for one in self.containers if one.image_id == image.image_id]

    def of_volume(self, volume: VolumeState) -> list[ContainerState]:
        return [one for one in self.containers if volume.name in one.volumes]

    def of_network(self, network: NetworkState) -> list[ContainerState]:
        return [one for one in self.containers if network.name in one.networks]


# -- images -----------------------------------------------------------------------------------


def owner_of_image(image: ImageState, owned: Owned) -> Owner | None:
    """Whose releases ran with it, or name it."""
    if owner := owned.image_ids.get(image.image_id):
        return owner
    named = (owned.image_names.get(full_name(name)) for name in image.names)
    return next((owner for owner in named if owner is not None), None)


def why_image_stays(image: ImageState, seen: Seen, owned: Owned) -> str:
    """For the image as a whole."""
    if using := seen.of_image(image):
        return f"It is used by {names_of(using)}."
    if owner := owner_of_image(image, owned):
        return f"It belongs to a release of {owner.words}."
    return ""


def why_name_stays(name: str, image: ImageState, seen: Seen, owned: Owned) -> str:
    """One of its names may go while others are left, and nobody uses it by this one."""
    wanted = full_name(name)
    if wanted not in image.names or len(image.names) == 1:
        if len(image.names) > 1:
            words = "take them away one by one."
            return f"It has {len(image.names)} names, {', '.join(image.names[:_NAMED])}: {words}"
        return why_image_stays(image, seen, owned)
    if using := [one for one in seen.of_image(image) if full_name(one.image) == wanted]:
        return f"{wanted} is used by {names_of(using)}."
    if owner := owned.image_names.get(wanted) or owned.image_ids.get(image.image_id):
        return f"It belongs to a release of {owner.words}."
    return ""


# -- volumes ----------------------------------------------------------------------------------


def is_anonymous(volume: VolumeState) -> bool:
    """Docker made up its name, as nobody gave it one."""
    return _ANONYMOUS.fullmatch(volume.name) is not None


def owner_of_volume(volume: VolumeState, owned: Owned) -> Owner | None:
    project = volume.labels.get(PROJECT_LABEL, "")
    return owned.volumes.get(volume.name) or owned.projects.get(project)


def why_volume_stays(volume: VolumeState, seen: Seen, owned: Owned) -> str:
    if using := seen.of_volume(volume):
        return f"It is used by {names_of(using)}."
    if owner := owner_of_volume(volume, owned):
        return f"It belongs to {owner.words}: its data is removed only by what removes that."
    return ""


# -- networks ---------------------------------------------------------------------------------


def owner_of_network(network: NetworkState, owned: Owned) -> Owner | None:
    project = network.labels.get(PROJECT_LABEL, "")
    return owned.networks.get(network.name) or owned.projects.get(project)


def why_network_stays(network: NetworkState, seen: Seen, owned: Owned) -> str:
    if network.name in BUILT_IN:
        return "It is Docker's own."
    if using := seen.of_network(network):
        return f"It is used by {names_of(using)}."
    if network.containers:
        return f"It is used by {_listed(network.containers)}."
    if owner := owner_of_network(network, owned):
        return f"It belongs to {owner.words}."
    return ""


def names_of(containers: Iterable[ContainerState]) -> str:
    """With those that are stopped told apart."""
    return _listed(
        one.name if one.state == "running" else f"{one.name} ({one.state})" for one in containers
    )


def _listed(names: Iterable[str]) -> str:
    several = sorted(names)
    more = len(several) - _NAMED
    return ", ".join(several[:_NAMED]) + (f" and {more} more" if more > 0 else "")
