"""What a verb may ask of a host. `ssh.py`, `local.py` and the fake all answer to this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from provisioning.drivers.containers import ContainerState


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one command. Output is text with broken bytes replaced, cut at the asked size."""

    exit_code: int
    stdout: str
    stderr: str
    truncated: bool
    duration_ms: int


class DockerApi(Protocol):
    """One host's Docker Engine. Every call ends within its deadline or raises DriverError."""

    def ping(self) -> None: ...
    def version(self) -> dict[str, Any]: ...
    def info(self) -> dict[str, Any]: ...
    def disk_usage(self) -> dict[str, Any]: ...
    def containers(self) -> list[ContainerState]: ...
    def container(self, docker_id: str) -> ContainerState: ...
    def start(self, docker_id: str) -> None: ...
    def stop(self, docker_id: str, *, grace_s: int) -> None: ...
    def restart(self, docker_id: str, *, grace_s: int) -> None: ...
    def kill(self, docker_id: str, *, signal: str) -> None: ...
    def pause(self, docker_id: str) -> None: ...
    def unpause(self, docker_id: str) -> None: ...
    def remove(self, docker_id: str, *, force: bool) -> None: ...
    def logs(self, docker_id: str, *, tail: int, since: int | None = None) -> list[str]: ...
    def events(self, *, since: float, timeout_s: float) -> EventStream: ...


class EventStream(Protocol):
    """Docker's events as they come; None whenever ``timeout_s`` passed in silence.

    ``take`` waits for the next ones instead and gives all that are there; ``answers`` asks whether
    a silent stream is still alive.
    """

    def __iter__(self) -> Iterator[dict[str, Any] | None]: ...
    def take(self, *, timeout_s: float) -> list[dict[str, Any]]: ...
    def answers(self) -> bool: ...
    def close(self) -> None: ...


class HostDriver(Protocol):
    """One host: commands by argv, Docker, and nothing else."""

    name: str
    docker: DockerApi

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout_s: float | None = None,
        max_bytes: int = 1_000_000,
        sudo: bool = False,
    ) -> Result: ...

    def close(self) -> None: ...
