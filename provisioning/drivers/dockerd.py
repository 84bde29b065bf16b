"""One host's Docker Engine: the calls SiteFlow makes, as values and DriverError."""

from __future__ import annotations

import re
from typing import Any, Final

import requests

from provisioning.drivers import own_check
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_exec import DockerExec
from provisioning.drivers.docker_images import DockerImages
from provisioning.drivers.docker_logs import DockerLogs
from provisioning.drivers.docker_making import DockerMaking
from provisioning.drivers.errors import DriverError
from provisioning.drivers.events import DockerEvents, events_query
from provisioning.drivers.host import EventStream
from provisioning.drivers.hostile import printable
from provisioning.drivers.log_frames import demultiplex, last_lines
from provisioning.drivers.parse_container import from_inspect, from_listing

MAX_LOG_BYTES: Final = 1024 * 1024
MAX_LOG_LINES: Final = 10_000
_DISK_USAGE_TIMEOUT_S = 120.0

_SIGNAL = re.compile(r"[A-Z0-9+-]{1,16}")


class Dockerd(DockerImages, DockerMaking, DockerLogs, DockerExec):
    """DockerApi over kept streams. Thread-safe; every call ends within ``timeout_s`` seconds,
    stopping and restarting within ``grace_s`` more.

    ``docker_id`` may be a container's id or name; anything that could be neither is not_found.
    """

    def ping(self) -> None:
        with translated(self._who, "asking Docker for a sign of life"):
            if self._api().ping() is not True:
                raise DriverError(f"{self._who}: Docker does not answer a ping", "garbage")

    def info(self) -> dict[str, Any]:
        return self._read("reading Docker's facts", lambda api: api.info())

    def disk_usage(self) -> dict[str, Any]:
        """``docker system df``; the engine walks its disk for it, so it has two minutes."""
        return self._read(
            "reading Docker's disk usage",
            lambda api: api._result(
                api.get(api._url("/system/df"), timeout=_DISK_USAGE_TIMEOUT_S), True
            ),
        )

    def containers(self) -> list[ContainerState]:
        """All containers, running or not, by the short listing (``complete`` is False)."""
        with translated(self._who, "listing containers"):
            rows = self._api().containers(all=True)
            if not isinstance(rows, list):
                raise DriverError(f"{self._who}: Docker's list of containers is none", "garbage")
            return [from_listing(row) for row in rows]

    def container(self, docker_id: str) -> ContainerState:
        answer = self.inspect(docker_id)
        with translated(self._who, f"reading {docker_id}"):
            return from_inspect(answer)

    def passes_check(self, docker_id: str, *, within_s: float) -> bool:
        """Runs the container's own health check now; False as well where it has none."""
        command = own_check.command_of(self.inspect(docker_id))
        if not command:
            return False
        with translated(self._who, f"checking {docker_id}"):
            return own_check.passes(self._api(), docker_id, command, within_s=within_s)

    def start(self, docker_id: str) -> None:
        self._act("starting", docker_id, lambda api, name: api.start(name))

    def stop(self, docker_id: str, *, grace_s: int) -> None:
        """SIGTERM, and SIGKILL after ``grace_s`` seconds. Success if it does not run anyway."""
        self._act("stopping", docker_id, lambda api, name: api.stop(name, timeout=grace_s))

    def restart(self, docker_id: str, *, grace_s: int) -> None:
        self._act("restarting", docker_id, lambda api, name: api.restart(name, timeout=grace_s))

    def kill(self, docker_id: str, *, signal: str) -> None:
        if not _SIGNAL.fullmatch(signal):
            raise DriverError(f"{self._who}: not a signal: {printable(signal)}", "bad_argument")
        self._act("killing", docker_id, lambda api, name: api.kill(name, signal))

    def pause(self, docker_id: str) -> None:
        self._act("pausing", docker_id, lambda api, name: api.pause(name))

    def unpause(self, docker_id: str) -> None:
        self._act("resuming", docker_id, lambda api, name: api.unpause(name))

    def remove(self, docker_id: str, *, force: bool) -> None:
        """Removes the container and nothing else: its volumes stay."""
        self._act("removing", docker_id, lambda api, name: api.remove_container(name, force=force))

    def logs(self, docker_id: str, *, tail: int, since: int | None = None) -> list[str]:
        """The last ``tail`` lines (at most 10,000 and 1 MB), ``since`` in seconds of the epoch."""
        config = self.inspect(docker_id).get("Config")
        terminal = isinstance(config, dict) and config.get("Tty") is True
        params = {"stdout": 1, "stderr": 1, "tail": max(0, min(tail, MAX_LOG_LINES))}
        if since is not None:
            params["since"] = since
        with translated(self._who, f"reading the log of {docker_id}"):
            api = self._api()
            url = api._url("/containers/{0}/logs", docker_id)
            response: requests.Response = api.get(url, params=params, timeout=self._timeout_s)
            api._raise_for_status(response)
            data = response.content if terminal else demultiplex(response.content)
            return last_lines(data, tail=tail, max_bytes=MAX_LOG_BYTES)

    def stats(self, docker_id: str) -> dict[str, Any]:
        """What it uses, for parse_stats.py. Costs the Engine about a second of waiting each."""
        name, params = self._checked(docker_id), {"stream": 0, "one-shot": 1}
        return self._read(
            f"reading what {name} uses",
            lambda api: api._result(
                api.get(
                    api._url("/containers/{0}/stats", name),
                    params=params,
                    timeout=self._timeout_s,
                ),
                True,
            ),
        )

    def events(self, *, since: float, timeout_s: float) -> EventStream:
        """What happens from ``since`` (seconds of the epoch) on, over a stream of its own."""
        stream = self._raw("reading Docker's events", "GET", "/events", query=events_query(since))
        return DockerEvents(stream, who=self._who, timeout_s=timeout_s)
