"""One host's Docker Engine: the calls SiteFlow makes, as values and DriverError."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any, Final

import docker
import requests
from docker.utils import version_lt

from provisioning.drivers import own_check
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dial import Dialer
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_exec import DockerExec
from provisioning.drivers.docker_images import DockerImages
from provisioning.drivers.docker_logs import DockerLogs
from provisioning.drivers.docker_making import DockerMaking
from provisioning.drivers.docker_transport import DockerAdapter
from provisioning.drivers.errors import DriverError
from provisioning.drivers.events import DockerEvents, events_query
from provisioning.drivers.host import EventStream
from provisioning.drivers.hostile import printable
from provisioning.drivers.log_frames import demultiplex, last_lines
from provisioning.drivers.parse_container import from_inspect, from_listing
from provisioning.drivers.raw_http import Query, RawStream, request
from provisioning.drivers.stream_ending import NoDockerCommand

# Docker Engine 20.10. Newer engines answer in this version's form as long as they support it;
# Engine 29 refuses anything below 1.44, so its own minimum is taken where that is higher.
OLDEST_API: Final = "1.41"
STREAMS: Final = 3  # of the connection's four channels
MAX_LOG_BYTES: Final = 1024 * 1024
MAX_LOG_LINES: Final = 10_000
_DISK_USAGE_TIMEOUT_S = 120.0

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_SIGNAL = re.compile(r"[A-Z0-9+-]{1,16}")
_API_VERSION = re.compile(r"1\.\d{1,3}")


class Dockerd(DockerImages, DockerMaking, DockerLogs, DockerExec):
    """DockerApi over kept streams. Thread-safe; every call ends within ``timeout_s`` seconds,
    stopping and restarting within ``grace_s`` more.

    ``docker_id`` may be a container's id or name; anything that could be neither is not_found.
    """

    def __init__(
        self, *, who: str, dialer: Dialer, timeout_s: float, streams: int = STREAMS
    ) -> None:
        self._who = who
        self._dialer = dialer
        self._timeout_s = timeout_s
        self._adapter = DockerAdapter(dialer, who=who, size=streams)
        self._client = _client(self._adapter, timeout_s)
        self._agreeing = threading.Lock()
        self._agreed = False

    def ping(self) -> None:
        with translated(self._who, "asking Docker for a sign of life"):
            if self._api().ping() is not True:
                raise DriverError(f"{self._who}: Docker does not answer a ping", "garbage")

    def version(self) -> dict[str, Any]:
        with translated(self._who, "reading Docker's version"):
            return _mapping(self._who, self._client.version(api_version=False))

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

    def inspect(self, docker_id: str) -> dict[str, Any]:
        """As Docker tells it, secrets in its environment and its words included."""
        name = self._checked(docker_id)
        return self._read(f"reading {name}", lambda api: api.inspect_container(name))

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

    def _raw(
        self,
        what: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        upgrade: bool = False,
    ) -> RawStream:
        """An answer that goes on, over a stream of its own; ``path`` holds nothing unchecked.

        With ``upgrade`` it goes both ways. Getting there ends within the deadline of every call.
        """
        version = self._api()._version
        sent = request(method, f"/v{version}{path}", query=query, body=body, upgrade=upgrade)
        try:
            return self._open(what, sent)
        except NoDockerCommand:
            if not self._dialer.fall_back():
                raise
            return self._open(what, sent)

    def _open(self, what: str, sent: bytes) -> RawStream:
        deadline = Deadline(self._timeout_s)
        stream = RawStream(self._dialer.dial(deadline, long_lived=True), who=self._who, what=what)
        try:
            stream.open(sent, deadline)
        except BaseException:
            stream.close()
            raise
        return stream

    def _act(self, what: str, docker_id: str, call: Callable[[Any, str], object]) -> None:
        name = self._checked(docker_id)
        with translated(self._who, f"{what} {name}"):
            call(self._api(), name)

    def _read(self, what: str, call: Callable[[Any], object]) -> dict[str, Any]:
        with translated(self._who, what):
            return _mapping(self._who, call(self._api()))

    def _checked(self, docker_id: str) -> str:
        """An id or name that cannot lead the URL elsewhere."""
        if not _NAME.fullmatch(docker_id):
            shown = printable(docker_id, limit=100)
            raise DriverError(f"{self._who}: no such container: {shown}", "not_found")
        return docker_id

    def _api(self) -> Any:
        """The SDK's client, after agreeing once with this engine on a version."""
        if not self._agreed:
            with self._agreeing:
                if not self._agreed:
                    self._client._version = self._agree()
                    self._agreed = True
        return self._client

    def _agree(self) -> str:
        answer = self.version()
        newest = self._api_version(answer.get("ApiVersion"))
        oldest = self._api_version(answer.get("MinAPIVersion", OLDEST_API))
        if version_lt(newest, OLDEST_API):
            message = f"{self._who}: Docker's API is {newest}; {OLDEST_API} (20.10) is needed"
            raise DriverError(message, "docker_error")
        return oldest if version_lt(OLDEST_API, oldest) else OLDEST_API

    def _api_version(self, value: object) -> str:
        if not isinstance(value, str) or not _API_VERSION.fullmatch(value):
            raise DriverError(f"{self._who}: Docker names no API version", "garbage")
        return value

    def close_one_idle(self) -> bool:
        """Give one kept but idle stream back; for a command that waits for a channel."""
        return self._adapter.streams.close_idle(at_most=1) > 0

    def close_idle(self, after_s: float) -> None:
        self._adapter.streams.close_idle(after_s=after_s)

    def close(self) -> None:
        self._adapter.close()


def _client(adapter: DockerAdapter, timeout_s: float) -> Any:
    """The SDK's low-level client on our adapter: no proxies, no user's files, no way to TCP."""
    client: Any = docker.APIClient(base_url="tcp://docker:1", version=OLDEST_API)
    client.timeout = timeout_s
    client.trust_env = False
    client._general_configs = {}
    client.cookies.set_policy(_NoCookies())
    client.adapters.clear()
    client._custom_adapter = adapter
    client.mount("http+docker://", adapter)
    client.base_url = "http+docker://docker"
    return client


class _NoCookies(DefaultCookiePolicy):
    """Docker sets none; a hostile host's would only fill the memory."""

    def set_ok(self, cookie: Cookie, request: object) -> bool:
        return False


def _mapping(who: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DriverError(f"{who}: Docker's answer is not an object", "garbage")
    return value
