"""Making and changing containers of the host in memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.parse_container import MAX_INT
from provisioning.drivers.things import VolumeState

if TYPE_CHECKING:
    from provisioning.drivers.fake import FakeHost


class FakeMaking:
    """That part of DockerApi over ``host.containers``, and ``host.configs``: what they are made of.

    Refuses what the Engine refuses: a name that is taken, an image or network that is not there.
    """

    _host: FakeHost

    def _find(self, docker_id: str) -> ContainerState:
        raise NotImplementedError

    def emit(self, action: str, container: ContainerState) -> None:
        raise NotImplementedError

    def create_container(self, name: str, config: Mapping[str, Any]) -> str:
        self._host.note("docker", "create_container", name)
        if name in self._host.containers:
            raise self._no(f"the name {name} is in use already", "conflict")
        image = self._host.fake_docker.image(str(config["Image"]))
        for network in config["NetworkingConfig"]["EndpointsConfig"]:
            self._host.fake_docker.network(network)
        made = ContainerState(
            docker_id=name.encode().hex().ljust(64, "0")[:64],
            name=name,
            image=str(config["Image"]),
            image_id=image.image_id,
            state="created",
            labels=dict(config["Labels"]),
            networks=tuple(config["NetworkingConfig"]["EndpointsConfig"]),
            volumes=self._volumes(config),
            created_at=datetime.now(UTC),
        )
        self._host.containers[name] = made
        self._host.configs[made.docker_id] = deepcopy(dict(config))
        self.emit("create", made)
        return made.docker_id

    def connect_network(self, network: str, docker_id: str) -> None:
        self._host.note("docker", "connect_network", network, docker_id)
        self._host.fake_docker.network(network)
        found = self._find(docker_id)
        if network in found.networks:
            raise self._no(f"{found.name} is in {network} already", "docker_error")
        joined = tuple(sorted({*found.networks, network}))
        self._host.containers[found.name] = replace(found, networks=joined)

    def update_container(self, docker_id: str, changes: Mapping[str, Any]) -> None:
        self._host.note("docker", "update_container", docker_id)
        found = self._find(docker_id)
        config = self._host.configs.setdefault(found.docker_id, {"HostConfig": {}})
        given = {name: value for name, value in changes.items() if value not in (0, None)}
        if "PidsLimit" in changes:  # the one limit that 0 takes off
            given["PidsLimit"] = changes["PidsLimit"]
        config["HostConfig"] |= given

    def inspect(self, docker_id: str) -> dict[str, Any]:
        self._host.note("docker", "inspect", docker_id)
        found = self._find(docker_id)
        config = self._host.configs.get(found.docker_id, {})
        inner = {key: config.get(key) for key in ("Cmd", "Entrypoint", "Env", "Labels")}
        return {
            "Id": found.docker_id,
            "Name": f"/{found.name}",
            "State": {"Status": found.state},
            "Config": {**inner, "Image": found.image, "Labels": found.labels},
            "HostConfig": dict(config.get("HostConfig", {})),
            "RestartCount": min(found.restart_count, MAX_INT),
        }

    def _volumes(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Docker makes those that are not there."""
        mounts = config["HostConfig"]["Mounts"]
        names = [one["Source"] for one in mounts if one["Type"] == "volume"]
        for name in names:
            self._host.volumes.setdefault(name, VolumeState(name, "local"))
        return tuple(names)

    def _no(self, words: str, code: str) -> DriverError:
        return DriverError(f"{self._host.name}: {words}", code)
