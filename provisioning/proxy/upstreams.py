"""Which container, by name and port, the requests for a domain go to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.caddy_check import is_dial
from provisioning.drivers.containers import ContainerState

PROJECT: Final = "com.docker.compose.project"
SERVICE: Final = "com.docker.compose.service"
ONE_OFF: Final = "com.docker.compose.oneoff"
NUMBER: Final = "com.docker.compose.container-number"
# Where a container exposes several ports: what web servers mostly use.
_LIKELY_PORTS: Final = (80, 8080, 3000, 8000, 5000)
_WEB_SERVICES: Final = ("web", "app", "frontend", "nginx", "wordpress")
_WEB: Final = "_"


@dataclass(frozen=True, slots=True)
class Upstream:
    """What is wanted: a service of a compose project. Empty: its web service; None: its port."""

    project: str
    service: str = ""
    port: int | None = None

    @property
    def key(self) -> str:
        """Its file's name: it stays the same whichever container stands behind it."""
        port = f".{self.port}" if self.port else ""
        return f"{self.project}.{self.service or _WEB}{port}"


def reached_as(container: ContainerState, *, by_address: bool) -> str:
    """Its name, which Docker tells who shares a network with it; to the host it tells none."""
    return next(iter(container.addresses), "") if by_address else container.name


def dial(
    wanted: Upstream,
    containers: Iterable[ContainerState],
    *,
    current: str | None = None,
    by_address: bool = False,
) -> str | None:
    """ "container:port" for a running container of the service, else None.

    While the one that requests go to now is still running, it stays: beside it there may be a new
    one that is not proven yet.
    """
    running = _running(wanted, containers)
    places = [(reached_as(one, by_address=by_address), one) for one in running]
    found = [made for place, one in places if (made := _dial(place, one, wanted.port))]
    return current if current in found else next(iter(found), None)


def _running(wanted: Upstream, containers: Iterable[ContainerState]) -> list[ContainerState]:
    project = [
        one
        for one in containers
        if one.labels.get(PROJECT) == wanted.project and one.labels.get(ONE_OFF) != "True"
    ]
    service = wanted.service or _web_service(project)
    fitting = [
        one for one in project if one.labels.get(SERVICE) == service and one.state == "running"
    ]
    return sorted(fitting, key=lambda one: (_number(one), one.name))


def _web_service(containers: Sequence[ContainerState]) -> str:
    """The service with a web server's name, else the only one that exposes a port."""
    services = {one.labels.get(SERVICE, "") for one in containers} - {""}
    for name in _WEB_SERVICES:
        if name in services:
            return name
    exposing = {one.labels.get(SERVICE, "") for one in containers if detected_port(one)} - {""}
    return exposing.pop() if len(exposing) == 1 else ""


def detected_port(container: ContainerState) -> int | None:
    """The port its web server listens on, as its image says: the likeliest of several."""
    ports = sorted({port.private for port in container.ports if port.protocol == "tcp"})
    return next((port for port in _LIKELY_PORTS if port in ports), ports[0] if ports else None)


def _dial(place: str, container: ContainerState, port: int | None) -> str:
    found = port or detected_port(container)
    made = f"{place}:{found}"
    return made if found and is_dial(made) else ""


def _number(container: ContainerState) -> int:
    text = container.labels.get(NUMBER, "")
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
