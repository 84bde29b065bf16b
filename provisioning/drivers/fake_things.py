"""Networks, volumes and images of the host in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from provisioning.drivers.errors import DriverError
from provisioning.drivers.image_names import full_name
from provisioning.drivers.pull_progress import PULL_S, OnProgress, Pulled, PullProgress
from provisioning.drivers.things import ImageState, NetworkState, VolumeState

if TYPE_CHECKING:
    from provisioning.drivers.fake import FakeHost

T = TypeVar("T")


def fake_image(*names: str, **values: Any) -> ImageState:
    """An image whose id is made from its first name."""
    image_id = "sha256:" + names[0].encode().hex().ljust(64, "0")[:64]
    filled: dict[str, Any] = {"image_id": image_id, "names": names, "size_bytes": 1000}
    return ImageState(**(filled | values))


@dataclass(frozen=True)
class FakeSource:
    """What a registry has under a name. ``lines`` are told of a pull besides what always is."""

    image: ImageState
    digest: str
    lines: tuple[dict[str, Any], ...] = ()


def fake_source(name: str, *, digest: str = "sha256:" + "d" * 64, **values: Any) -> FakeSource:
    repository = name.rpartition(":")[0] or name
    image = fake_image(name, **{"digests": (f"{repository}@{digest}",), **values})
    return FakeSource(image, digest)


class FakeThings:
    """That part of DockerApi over ``host.networks``, ``host.volumes`` and ``host.images``, by name.

    Pulls come from ``host.registry``.

    A network counts as in use while ``containers`` names somebody; a volume while a container's
    label ``fake.volumes`` holds its name.
    """

    _host: FakeHost

    def networks(self) -> list[NetworkState]:
        self._host.note("docker", "networks")
        return [replace(each, containers=()) for each in self._host.networks.values()]

    def network(self, name: str) -> NetworkState:
        self._host.note("docker", "network", name)
        return self._thing(self._host.networks, name, "network")

    def create_network(
        self, name: str, *, labels: Mapping[str, str], internal: bool = False
    ) -> str:
        self._host.note("docker", "create_network", name)
        if name in self._host.networks:
            raise self._error(f"network with name {name} already exists", "conflict")
        network_id = name.encode().hex().ljust(64, "0")[:64]
        made = NetworkState(network_id, name, "bridge", internal, dict(labels))
        self._host.networks[name] = made
        return network_id

    def remove_network(self, name: str) -> None:
        self._host.note("docker", "remove_network", name)
        by_id = {one.network_id: key for key, one in self._host.networks.items()}
        name = by_id.get(name, name)
        if self._thing(self._host.networks, name, "network").containers:
            raise self._error(f"network {name} has active endpoints", "conflict")
        del self._host.networks[name]

    def volumes(self) -> list[VolumeState]:
        self._host.note("docker", "volumes")
        return list(self._host.volumes.values())

    def volume(self, name: str) -> VolumeState:
        self._host.note("docker", "volume", name)
        return self._thing(self._host.volumes, name, "volume")

    def create_volume(self, name: str, *, labels: Mapping[str, str]) -> VolumeState:
        self._host.note("docker", "create_volume", name)
        folder = f"/var/lib/docker/volumes/{name}/_data"
        made = VolumeState(name, "local", folder, dict(labels))
        return self._host.volumes.setdefault(name, made)

    def remove_volume(self, name: str) -> None:
        self._host.note("docker", "remove_volume", name)
        self._thing(self._host.volumes, name, "volume")
        for container in self._host.containers.values():
            if name in container.labels.get("fake.volumes", "").split():
                raise self._error(f"volume is in use: {container.name}", "conflict")
        del self._host.volumes[name]

    def images(self) -> list[ImageState]:
        self._host.note("docker", "images")
        return list({image.image_id: image for image in self._host.images.values()}.values())

    def image(self, name: str) -> ImageState:
        self._host.note("docker", "image", name)
        return self._image(name)

    def tag_image(self, name: str, new_name: str) -> None:
        self._host.note("docker", "tag_image", name, new_name)
        image = self._image(name)
        named = replace(image, names=tuple(sorted({*image.names, new_name})))
        for key, each in list(self._host.images.items()):
            if each.image_id == image.image_id:
                self._host.images[key] = named
        self._host.images[new_name] = named

    def remove_image(self, name: str, *, alone: bool = False) -> None:
        self._host.note("docker", "remove_image", name)
        name = self._key(name)
        image = self._image(name)
        same = [key for key, each in self._host.images.items() if each.image_id == image.image_id]
        for container in self._host.containers.values():
            if container.image_id == image.image_id and (len(same) == 1 or name not in same):
                raise self._error(f"image is being used by {container.name}", "conflict")
        for key in [name] if name in same else same:
            del self._host.images[key]
        names = tuple(one for one in image.names if one != name)
        for key in self._host.images.keys() & same:
            self._host.images[key] = replace(image, names=names)

    def pull_image(
        self, name: str, *, on_progress: OnProgress | None = None, timeout_s: float = PULL_S
    ) -> Pulled:
        self._host.note("docker", "pull_image", name)
        source = self._source(name)
        progress, had = PullProgress(), self._host.images.get(name)
        is_new = had is None or had.image_id != source.image.image_id
        word = "Downloaded newer image" if is_new else "Image is up to date"
        last = ({"status": f"Digest: {source.digest}"}, {"status": f"Status: {word} for {name}"})
        for line in (*source.lines, *last):
            now = progress.feed(json.dumps(line).encode() + b"\n")
            if on_progress is not None:
                on_progress(now)
        if progress.error:
            raise self._error(f"pulling {name} failed: {progress.error}", "docker_error")
        if had is not None and is_new:  # it has lost its name, and stays
            names = tuple(one for one in had.names if one != name)
            self._host.images[names[0] if names else had.image_id] = replace(had, names=names)
        self._host.images[name] = source.image
        return Pulled(source.digest, is_new)

    def registry_digest(self, name: str) -> str:
        self._host.note("docker", "registry_digest", name)
        return self._source(name).digest

    def _source(self, name: str) -> FakeSource:
        if name not in self._host.registry:
            raise self._error(f"manifest for {name} not found", "image_missing")
        return self._host.registry[name]

    def _image(self, name: str) -> ImageState:
        by_id = {image.image_id: image for image in self._host.images.values()}
        return by_id.get(name) or self._thing(self._host.images, self._key(name), "image")

    def _key(self, name: str) -> str:
        return name if name in self._host.images else full_name(name)

    def _thing(self, things: Mapping[str, T], name: str, what: str) -> T:
        if name not in things:
            raise self._error(f"no such {what}: {name}", "not_found")
        return things[name]

    def _error(self, words: str, code: str) -> DriverError:
        return DriverError(f"{self._host.name}: {words}", code)
