"""Making and changing containers: the part of `Dockerd` that adds to what a host runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_things import DockerThings
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}")
_ID: Final = re.compile(r"[0-9a-f]{64}")


class DockerMaking(DockerThings):
    """Of two that make a container of the same name, one gets ``conflict``."""

    def create_container(self, name: str, config: Mapping[str, Any]) -> str:
        """Made and not started; returns its id. ``config`` is the Engine API's own (1.41)."""
        if not _NAME.fullmatch(name):
            message = f"{self._who}: no container can be called {printable(name, limit=100)}"
            raise DriverError(message, "bad_argument")
        with translated(self._who, f"making the container {name}"):
            api = self._api()
            answer = api._result(
                api._post_json(
                    api._url("/containers/create"), data=dict(config), params={"name": name}
                ),
                True,
            )
            docker_id = answer["Id"]
            if not isinstance(docker_id, str) or not _ID.fullmatch(docker_id):
                raise DriverError(f"{self._who}: Docker names no id of {name}", "garbage")
            return docker_id

    def connect_network(self, network: str, docker_id: str) -> None:
        """Puts a container into one more network."""
        checked, container = self._checked_name(network, "network"), self._checked(docker_id)
        with translated(self._who, f"connecting {container} to {checked}"):
            self._api().connect_container_to_network(container, checked)

    def update_container(self, docker_id: str, changes: Mapping[str, Any]) -> None:
        """Limits and restart policy, at once. ``changes`` as `parse_limits.update_body`."""
        name = self._checked(docker_id)
        with translated(self._who, f"changing the limits of {name}"):
            api = self._api()
            url = api._url("/containers/{0}/update", name)
            api._result(api._post_json(url, data=dict(changes)), True)
