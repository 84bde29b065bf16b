"""Web servers of the host in memory: real HTTP/1.1 and real TLS, without a network."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning.drivers.errors import DriverError


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """``headers`` by lower-case name; ``path`` with its query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class FakeAnswer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


Handler = Callable[[FakeRequest], FakeAnswer]


class FakeWeb:
    """ByteStream to a handler, which is called once the request is there as a whole."""

    def __init__(self, handler: Handler) -> None:
        self.used_at = time.monotonic()
        self._handler = handler
        self._asked = b""
        self._said = b""
        self._answered = False

    def send(self, data: bytes) -> None:
        self._asked += data
        if not self._answered and (request := _parsed(self._asked)) is not None:
            self._answered = True
            self._said += self._handler(request).encoded()

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        if not self._said and not self._answered:
            raise TimeoutError
        data, self._said = self._said[:size], self._said[size:]
        return data

    def fresh(self) -> bool:
        return False

    def answers(self, *, timeout_s: float = 0.0) -> bool:
        return True

    def ending(self) -> DriverError | None:
        return None

    def close(self) -> None:
        """Nothing is open."""


class FakeTlsWeb(FakeWeb):
    """The same behind TLS, with one certificate for every name: self-signed if none is given."""

    def __init__(self, handler: Handler, *, pem: bytes = b"") -> None:
        super().__init__(handler)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _server_context(pem).wrap_bio(self._in, self._out, server_side=True)
        self._shaken = False

    def send(self, data: bytes) -> None:
        self._in.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while plain := self._tls.read(32 * 1024):
                super().send(plain)
        if self._said:
            self._tls.write(self._said)
            self._said = b""

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        data = self._out.read(size)
        if not data and not self._answered:
            raise TimeoutError
        return data


def _parsed(data: bytes) -> FakeRequest | None:
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    method, path, _ = first.split(" ", 2)
    whole = len(body) >= int(headers.get("content-length", "0"))
    return FakeRequest(method, path, headers, body) if whole else None


@lru_cache(maxsize=4)
def _server_context(pem: bytes = b"") -> ssl.SSLContext:
    """``pem`` holds the key and the chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile(suffix=".pem") as file:  # OpenSSL takes a key from files only
        file.write(pem or _self_signed())
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return private + certificate.public_bytes(serialization.Encoding.PEM)
