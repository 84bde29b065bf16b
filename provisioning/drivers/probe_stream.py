"""A byte stream as http.client wants it: plain or with TLS, and never past its deadline."""

from __future__ import annotations

import io
import ssl
from typing import Any, Final

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.stream_reader import StreamReader

_CHUNK: Final = 32 * 1024


class PlainSocket:
    """The few methods of a socket that ``http.client`` uses."""

    certificate_der: bytes | None = None

    def __init__(self, stream: ByteStream, *, who: str, deadline: Deadline) -> None:
        self._stream = stream
        self._who = who
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._stream.send(bytes(data))

    def recv(self, size: int) -> bytes:
        try:
            return self._stream.recv(size, timeout_s=self._deadline.left())
        except TimeoutError:
            message = f"{self._who} gave no answer within {self._deadline.timeout_s:g} s"
            raise DriverError(message, "timeout") from None

    def makefile(self, mode: str, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(StreamReader(self), _CHUNK)

    def close(self) -> None:
        """Nothing: who opened the stream closes it."""


class TlsSocket(PlainSocket):
    """The same with TLS 1.2 or later. Whose certificate it is, is for the caller to judge."""

    def __init__(
        self, stream: ByteStream, *, server_name: str, who: str, deadline: Deadline
    ) -> None:
        super().__init__(stream, who=who, deadline=deadline)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out, server_hostname=server_name)
        while not self._shaken():
            self._flush()
            if not self._pull():
                raise self._failed("it hung up")
        self._flush()
        self.certificate_der = self._tls.getpeercert(binary_form=True)

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """What the server sent, its own first; unverified."""
        # Python has a public name for it from 3.13 on, until then only on the object beneath.
        beneath: Any = self._tls._sslobj  # type: ignore[attr-defined]
        chain = beneath.get_unverified_chain() or ()
        return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in chain)

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise self._failed(error.reason or "unreadable") from None
        return True

    def _flush(self) -> None:
        if data := self._out.read():
            super().sendall(data)

    def _pull(self) -> bool:
        data = super().recv(_CHUNK)
        self._in.write(data)
        return bool(data)

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            self._tls.write(bytes(data[start : start + _CHUNK]))
            self._flush()

    def recv(self, size: int) -> bytes:
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._flush()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise self._failed(error.reason or "unreadable") from None
            if not self._pull():
                return b""

    def _failed(self, why: str) -> DriverError:
        words = printable(why.replace("_", " ").lower(), limit=200)
        return DriverError(f"{self._who}: TLS failed: {words}", "tls_failed")


def _context() -> ssl.SSLContext:
    """A probe asks whether a site answers, also while its certificate is one of a private CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
