"""HTTP to a Docker Engine through kept streams: what the Docker SDK uses instead of its own.

The SDK's ``ssh://`` opens connections that ignore our pinned keys and fails with a few threads.
"""

from __future__ import annotations

import contextlib
import io
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests
from docker.transport.basehttpadapter import BaseHTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import EmptyPoolError

from provisioning.drivers.bytestream import PROBE_TIMEOUT_S, ByteStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dial import Dialer
from provisioning.drivers.errors import DriverError
from provisioning.drivers.stream_ending import NoDockerCommand
from provisioning.drivers.stream_reader import StreamReader

MAX_BODY_BYTES = 32 * 1024 * 1024
_CHUNK = 256 * 1024


class StaleStream(DriverError):
    """A kept stream had ended before Docker answered anything on it."""


class _Reader(StreamReader):
    """One response, read from the stream until the request's deadline."""

    def __init__(self, sock: StreamSocket) -> None:
        super().__init__(sock)
        self._let_go = sock.let_go

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._let_go()


class StreamSocket:
    """The few methods of a socket that ``http.client`` uses, over a stream and with a deadline."""

    def __init__(self, stream: ByteStream, *, who: str) -> None:
        self.stream = stream
        self._who = who
        self._deadline = Deadline(0)
        self._kept = False
        self._heard = False
        self._readers = 0
        self._closed = False

    def begin(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._heard = False
        self.stream.used_at = time.monotonic()

    def keep(self) -> None:
        self._kept = True

    def sendall(self, data: bytes) -> None:
        try:
            self.stream.send(bytes(data))
        except DriverError as error:
            if self._kept and error.code != "timeout":
                raise self._stale() from None
            raise

    def recv(self, size: int) -> bytes:
        data = self._recv(size)
        if not data and not self._heard:
            raise self._ended()
        self._heard = True
        return data

    def _recv(self, size: int) -> bytes:
        """Three quarters of the time are for waiting, then the silent side is asked for a sign.

        So the caller learns within its deadline who is silent: a slow Docker or a dead host.
        """
        left_s = self._deadline.left()
        try:
            return self.stream.recv(size, timeout_s=left_s * 0.75 if left_s >= 2 else left_s)
        except TimeoutError:
            pass
        if self._deadline.left() < 0.4:
            self._probe_behind()
            raise self._overdue()
        if not self.stream.answers(timeout_s=self._deadline.within(PROBE_TIMEOUT_S)):
            message = f"{self._who}: the server does not answer any more"
            raise DriverError(message, "link_lost")
        try:
            return self.stream.recv(size, timeout_s=self._deadline.left())
        except TimeoutError:
            raise self._overdue() from None

    def _overdue(self) -> DriverError:
        message = f"{self._who}: Docker gave no answer within {self._deadline.timeout_s:g} s"
        return DriverError(message, "timeout")

    def _probe_behind(self) -> None:
        """Without making the caller wait; a connection found dead is given up."""
        threading.Thread(target=self.stream.answers, name="probe", daemon=True).start()

    def _ended(self) -> DriverError:
        if self._kept:
            return self._stale()
        message = f"{self._who}: Docker hung up without an answer"
        return self.stream.ending() or DriverError(message, "docker_down")

    def _stale(self) -> StaleStream:
        return StaleStream(f"{self._who}: the connection to Docker had ended", "link_lost")

    def makefile(self, mode: str, *_: object, **__: object) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self), 64 * 1024)

    def settimeout(self, timeout: float | None) -> None:
        """Nothing: the deadline of the request rules."""

    def close(self) -> None:
        """As with a socket, a reader may still read to the end; the last one closes the stream."""
        self._closed = True
        if not self._readers:
            self.stream.close()

    def let_go(self) -> None:
        self._readers -= 1
        if self._closed:
            self.close()


class _Connection(HTTPConnection):
    """Dials when it is first used, and again after it was closed."""

    def __init__(self, pool: StreamPool) -> None:
        super().__init__("localhost")
        self._pool = pool

    def connect(self) -> None:
        stream = self._pool.dialer.dial(self._pool.deadline())
        sock = StreamSocket(stream, who=self._pool.who)
        sock.begin(self._pool.deadline())
        self.sock: Any = sock

    @property
    def is_connected(self) -> bool:
        return self.sock is not None and self.sock.stream.fresh()


class StreamPool(HTTPConnectionPool):
    """A fixed number of kept streams; whoever finds all of them in use waits for one."""

    def __init__(self, dialer: Dialer, *, who: str, size: int) -> None:
        super().__init__("localhost", maxsize=size, block=True)
        self.dialer = dialer
        self.who = who
        self._local = threading.local()

    def deadline(self) -> Deadline:
        """The deadline of the request this thread is making."""
        deadline: Deadline = self._local.deadline
        return deadline

    def begin(self, deadline: Deadline) -> None:
        self._local.deadline = deadline

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn = self._pop(self.deadline().left())
        if conn is None:
            return _Connection(self)
        if conn.sock is not None and not conn.is_connected:
            conn.close()
        if conn.sock is not None:
            conn.sock.keep()
            conn.sock.begin(self.deadline())
        return conn

    def _pop(self, wait_s: float) -> Any:
        if self.pool is None:
            raise DriverError(f"{self.who}: closed", "link_lost")
        try:
            return self.pool.get(timeout=wait_s) if wait_s else self.pool.get_nowait()
        except queue.Empty:
            raise EmptyPoolError(self, "all streams are in use") from None

    def close_idle(self, *, after_s: float = 0.0, at_most: int = 1_000) -> int:
        """Close kept streams that nobody has used for ``after_s`` seconds; returns how many."""
        if self.pool is None:
            return 0
        closed, taken = 0, []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self.pool.get_nowait())
        for conn in taken:
            if closed < at_most and _idle_s(conn) > after_s:
                conn.close()
                closed += 1
        for conn in reversed(taken):
            self._put_conn(conn)
        return closed


def _idle_s(conn: Any) -> float:
    if conn is None or conn.sock is None:
        return -1.0
    return float(time.monotonic() - conn.sock.stream.used_at)


class DockerAdapter(BaseHTTPAdapter):
    """Sends a request within its time-out and reads the whole answer, at most 32 MB of it."""

    def __init__(self, dialer: Dialer, *, who: str, size: int) -> None:
        super().__init__()
        self.streams = StreamPool(dialer, who=who, size=size)
        self._who = who

    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:
        return self.streams

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return request.path_url

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        deadline = Deadline(float(timeout))
        try:
            return self._send(request, deadline)
        except NoDockerCommand:
            if not self.streams.dialer.fall_back():
                raise
            return self._send(request, deadline)  # Docker has not seen anything yet
        except StaleStream:
            if request.method != "GET":
                raise  # it may have been carried out
            self.streams.close_idle()
            return self._send(request, deadline)

    def _send(self, request: requests.PreparedRequest, deadline: Deadline) -> requests.Response:
        self.streams.begin(deadline)
        request.headers["Accept-Encoding"] = "identity"  # so that the size limit means something
        try:
            response = super().send(request, stream=True, timeout=deadline.timeout_s)
        except EmptyPoolError:
            message = f"{self._who}: too many requests to Docker at once"
            raise DriverError(message, "busy") from None
        self._read(response)
        return response

    def _read(self, response: requests.Response) -> None:
        body = bytearray()
        finished = False
        try:
            self._refuse_detours(response)
            while chunk := response.raw.read(_CHUNK):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    message = f"{self._who}: Docker's answer is over {MAX_BODY_BYTES >> 20} MB"
                    raise DriverError(message, "output_too_large")
            finished = True
        finally:
            if not finished:
                response.raw.close()
            response.raw.release_conn()
        content: Any = response
        content._content = bytes(body)
        content._content_consumed = True

    def _refuse_detours(self, response: requests.Response) -> None:
        """A hostile host must not send us elsewhere or make us unpack its answer."""
        if response.is_redirect or response.headers.get("Content-Encoding"):
            raise DriverError(f"{self._who}: this is not Docker's answer", "garbage")

    def close(self) -> None:
        self.streams.close_idle(after_s=-0.5)
        super().close()
