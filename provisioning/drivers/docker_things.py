"""Networks, volumes and images of a Docker Engine: the part of `Dockerd` that sites need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from provisioning.drivers import parse_things
from provisioning.drivers.docker_calls import DockerCalls
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.image_names import IMAGE_NAME, MAX_NAME, split_reference
from provisioning.drivers.things import ImageState, NetworkState, VolumeState

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")


class DockerThings(DockerCalls):
    """Reading is safe to repeat; of two that create the same network, one gets ``conflict``."""

    def networks(self) -> list[NetworkState]:
        """All of them, without who is in them."""
        with translated(self._who, "listing networks"):
            found = parse_things.rows(self._api().networks(), "list of networks")
            return [parse_things.network(row) for row in found]

    def network(self, name: str) -> NetworkState:
        """One by name or id, with the running containers in it."""
        checked = self._checked_name(name, "network")
        with translated(self._who, f"reading the network {checked}"):
            return parse_things.network(self._api().inspect_network(checked))

    def create_network(
        self, name: str, *, labels: Mapping[str, str], internal: bool = False
    ) -> str:
        """A bridge; returns its id. ``conflict`` when there is one of this name."""
        checked = self._checked_name(name, "network")
        with translated(self._who, f"creating the network {checked}"):
            made = self._api().create_network(
                checked,
                driver="bridge",
                check_duplicate=True,
                labels=dict(labels),
                internal=internal,
            )
            return parse_things.network({"Name": checked, **made}).network_id

    def remove_network(self, name: str) -> None:
        """``conflict`` while a container is in it."""
        checked = self._checked_name(name, "network")
        with translated(self._who, f"removing the network {checked}"):
            self._api().remove_network(checked)

    def volumes(self) -> list[VolumeState]:
        with translated(self._who, "listing volumes"):
            answer = self._api().volumes()
            if not isinstance(answer, dict):
                raise DriverError(f"{self._who}: Docker's list of volumes is none", "garbage")
            found = parse_things.rows(answer.get("Volumes"), "list of volumes")
            return [parse_things.volume(row) for row in found]

    def volume(self, name: str) -> VolumeState:
        checked = self._checked_name(name, "volume")
        with translated(self._who, f"reading the volume {checked}"):
            return parse_things.volume(self._api().inspect_volume(checked))

    def create_volume(self, name: str, *, labels: Mapping[str, str]) -> VolumeState:
        """A local one. Docker gives the one that is there already, with the labels it has."""
        checked = self._checked_name(name, "volume")
        with translated(self._who, f"creating the volume {checked}"):
            made = self._api().create_volume(checked, driver="local", labels=dict(labels))
            return parse_things.volume(made)

    def remove_volume(self, name: str) -> None:
        """The data in it is gone. ``conflict`` while a container, also a stopped one, has it."""
        checked = self._checked_name(name, "volume")
        with translated(self._who, f"removing the volume {checked}"):
            self._api().remove_volume(checked)

    def images(self) -> list[ImageState]:
        with translated(self._who, "listing images"):
            found = parse_things.rows(self._api().images(), "list of images")
            return [parse_things.image(row) for row in found]

    def image(self, name: str) -> ImageState:
        """One by name (with or without tag or digest) or id; not_found if it is not on the host."""
        checked = self._checked_image(name)
        with translated(self._who, f"reading the image {checked}"):
            return parse_things.image(self._api().inspect_image(checked))

    def tag_image(self, name: str, new_name: str) -> None:
        """Gives the image one more name; takes it from the image that has it now."""
        checked, repository = self._checked_image(name), self._checked_image(new_name)
        repository, tag = split_reference(repository)
        with translated(self._who, f"tagging the image {checked}"):
            self._api().tag(checked, repository, tag=tag)

    def remove_image(self, name: str, *, alone: bool = False) -> None:
        """Takes this name away and, if it was the last one, the image. ``conflict`` if in use.

        Without ``alone``, images without a name that it was made from go as well.
        """
        checked = self._checked_image(name)
        with translated(self._who, f"removing the image {checked}"):
            self._api().remove_image(checked, noprune=alone)

    def _checked_name(self, name: str, what: str) -> str:
        return self._fitting(name, _NAME, what)

    def _checked_image(self, name: str) -> str:
        if len(name) > MAX_NAME:
            raise DriverError(f"{self._who}: no such image: its name is too long", "not_found")
        return self._fitting(name, IMAGE_NAME, "image")

    def _fitting(self, name: str, pattern: re.Pattern[str], what: str) -> str:
        if not pattern.fullmatch(name):
            shown = printable(name, limit=100)
            raise DriverError(f"{self._who}: no such {what}: {shown}", "not_found")
        return name
