"""How Docker's Engine is asked: what all parts of `Dockerd` stand on."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any, Final

import docker
from docker.utils import version_lt

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dial import Dialer
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_transport import DockerAdapter
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.raw_http import Query, RawStream, request
from provisioning.drivers.stream_ending import NoDockerCommand

# Docker Engine 20.10. Newer engines answer in this version's form as long as they support it;
# Engine 29 refuses anything below 1.44, so its own minimum is taken where that is higher.
OLDEST_API: Final = "1.41"
STREAMS: Final = 3  # of the connection's four channels
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_API_VERSION: Final = re.compile(r"1\.\d{1,3}")


class DockerCalls:
    """Calls over kept streams, and answers that go on over streams of their own."""

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

    def version(self) -> dict[str, Any]:
        with translated(self._who, "reading Docker's version"):
            return _mapping(self._who, self._client.version(api_version=False))

    def inspect(self, docker_id: str) -> dict[str, Any]:
        """As Docker tells it, secrets in its environment and its words included."""
        name = self._checked(docker_id)
        return self._read(f"reading {name}", lambda api: api.inspect_container(name))

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
