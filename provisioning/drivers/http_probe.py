"""HTTP/1.1 asked from the host itself, through the kept connection: a site as its proxy serves it.

So nothing of it depends on DNS or on a firewall in front of the host. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.hostile import printable, storable
from provisioning.drivers.probe_stream import PlainSocket, TlsSocket

_PORTS: Final = {"http": 80, "https": 443}
_MAX_URL: Final = 4000
_SAFE: Final = "%/:=&?~+!$,;'@()*[]"  # what may stand in a path or query as it is


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """``headers`` by lower-case name, several of one name joined by ", ". ``certificate_der`` is
    the server's own, unverified; None without TLS. ``cut`` when the body went on.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    certificate_der: bytes | None
    duration_ms: int
    cut: bool = False


def get(
    host: HostDriver,
    url: str,
    *,
    address: str = "127.0.0.1",
    port: int | None = None,
    timeout_s: float = 10.0,
    max_bytes: int = 64 * 1024,
    headers: Mapping[str, str] | None = None,
) -> ProbeAnswer:
    """Whatever status it has; the body is cut at ``max_bytes``.

    The name in ``url`` is what is asked for (Host, SNI), ``address`` and ``port`` where, as seen
    from the host. DriverError ``port_closed``, ``timeout``, ``tls_failed``, ``link_lost`` (it hung
    up), ``garbage`` (not HTTP), ``forward_refused``, ``bad_argument`` for a URL that is none.
    """
    question = _Question("GET", url, headers or {}, None)
    return _ask(host, question, _Way(address, port, Deadline(timeout_s)), max_bytes)


def request(
    host: HostDriver,
    method: str,
    url: str,
    *,
    address: str = "127.0.0.1",
    port: int | None = None,
    timeout_s: float = 10.0,
    max_bytes: int = 8 * 1024 * 1024,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> ProbeAnswer:
    """As `get` for any method, for APIs: an answer over ``max_bytes`` is ``output_too_large``."""
    question = _Question(method, url, headers or {}, body)
    answer = _ask(host, question, _Way(address, port, Deadline(timeout_s)), max_bytes)
    if answer.cut:
        message = f"{host.name}: the answer of {address} is over {max_bytes} bytes"
        raise DriverError(message, "output_too_large")
    return answer


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Way:
    address: str
    port: int | None
    deadline: Deadline


def _ask(host: HostDriver, question: _Question, way: _Way, max_bytes: int) -> ProbeAnswer:
    started = time.monotonic()
    parts = _split(question.url)
    port = way.port or parts.port or _PORTS[parts.scheme]
    who = f"{host.name}: {way.address}:{port}"
    stream = host.open_tcp(way.address, port, timeout_s=way.deadline.left())
    try:
        sock = _socket(stream, parts, who, way.deadline)
        connection = http.client.HTTPConnection(_name(parts))
        connection.sock = sock
        _send(connection, question, parts)
        status, headers, body, cut = _receive(connection, who, max_bytes)
    finally:
        stream.close()
    duration_ms = round((time.monotonic() - started) * 1000)
    return ProbeAnswer(status, headers, body, sock.certificate_der, duration_ms, cut)


def _socket(stream: ByteStream, parts: SplitResult, who: str, deadline: Deadline) -> PlainSocket:
    if parts.scheme == "https":
        return TlsSocket(stream, server_name=_name(parts), who=who, deadline=deadline)
    return PlainSocket(stream, who=who, deadline=deadline)


def _split(url: str) -> SplitResult:
    """DriverError ``bad_argument`` unless it is a whole http or https URL without a login."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in _PORTS and _name(parts) and "@" not in parts.netloc
        if fits and parts.port != 0 and len(url) <= _MAX_URL and url.isprintable():
            return parts
    except ValueError:  # an unclosed bracket, a port that is none, a name IDNA has no form for
        pass
    raise DriverError(f"not a URL to ask: {printable(url, limit=100)}", "bad_argument")


def _name(parts: SplitResult) -> str:
    name = parts.hostname or ""
    return name if name.isascii() else name.encode("idna").decode("ascii")


def _send(connection: http.client.HTTPConnection, asked: _Question, parts: SplitResult) -> None:
    target = quote(parts.path or "/", safe=_SAFE) + (
        f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    )
    try:
        connection.putrequest(asked.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in (_own_headers(parts, asked.body) | dict(asked.headers)).items():
            connection.putheader(name, value)
        connection.endheaders(asked.body)
    except (http.client.HTTPException, ValueError):
        raise DriverError("a method or header that cannot be sent", "bad_argument") from None


def _own_headers(parts: SplitResult, body: bytes | None) -> dict[str, str]:
    name = f"[{_name(parts)}]" if ":" in _name(parts) else _name(parts)
    headers = {
        "Host": f"{name}:{parts.port}" if parts.port else name,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "SiteFlow",
    }
    return headers if body is None else headers | {"Content-Length": str(len(body))}


def _receive(
    connection: http.client.HTTPConnection, who: str, max_bytes: int
) -> tuple[int, dict[str, str], bytes, bool]:
    try:
        response = connection.getresponse()
        body = response.read(max_bytes + 1)
        cut = len(body) > max_bytes
        if response.length and not cut:
            raise http.client.IncompleteRead(body)
        return response.status, _headers(response), body[:max_bytes], cut
    except (http.client.RemoteDisconnected, http.client.IncompleteRead):
        raise DriverError(f"{who} hung up before the end of its answer", "link_lost") from None
    except (http.client.HTTPException, ValueError):
        raise DriverError(f"{who} does not speak HTTP/1.1", "garbage") from None


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        key, text = name.lower(), storable(value, limit=8000)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
