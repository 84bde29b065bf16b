"""The certificates that are served under a name, asked from the host itself: a handshake, no more.

Nothing is verified here: what is wrong with them is what one wants to know.
"""

from __future__ import annotations

from typing import Final

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.host import HostDriver
from provisioning.drivers.probe_stream import TlsSocket

TIMEOUT_S: Final = 8.0


def served_chain(
    host: HostDriver,
    name: str,
    *,
    port: int = 443,
    address: str = "127.0.0.1",
    timeout_s: float = TIMEOUT_S,
) -> tuple[bytes, ...]:
    """In DER, the server's own first, as the server sent them.

    DriverError ``port_closed``, ``timeout``, ``tls_failed`` (also for a chain of over 100 kB),
    ``link_lost`` (it hung up), ``forward_refused``.
    """
    deadline = Deadline(timeout_s)
    who = f"{host.name}: {address}:{port}"
    stream = host.open_tcp(address, port, timeout_s=deadline.left())
    try:
        return TlsSocket(stream, server_name=name, who=who, deadline=deadline).chain_der
    finally:
        stream.close()
