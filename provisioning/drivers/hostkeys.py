"""Which key a host offers, learned by a key exchange alone."""

from __future__ import annotations

from provisioning.drivers.connection import jump_connection, reach
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.handshake import exchange_keys
from provisioning.drivers.link import public_line
from provisioning.drivers.target import Login, SshTarget


def offered_key(
    address: str,
    port: int,
    *,
    timeout_s: float = 10.0,
    via: SshTarget | None = None,
    pinned: str = "",
    name: str = "",
) -> str:
    """The key the server owns, ``"ssh-ed25519 AAAA…"``. Nobody logs in, no user is named.

    A server has several keys and shows one: of ED25519, ECDSA and RSA the first it has, but of
    ``pinned``'s type if it has that, so that an approved key still offered is the one seen.
    ``timeout_s`` covers name, connection and key exchange. Raises DriverError.
    """
    target = SshTarget(name or address, address, port, "", Login("password", ""), "", via=via)
    deadline = Deadline(timeout_s)
    jump = jump_connection(target)
    try:
        sock = reach(target, via=jump, deadline=deadline)
        who = f"{target.name} ({address}:{port})"
        link = exchange_keys(sock, who=who, pinned="", prefer=pinned, deadline=deadline)
        shown = public_line(link.host_key)
        link.shut()
        return shown
    finally:
        if jump is not None:
            jump.close()


def key_of(target: SshTarget) -> str:
    """The key that ``target`` shows, through its jump host if it has one.

    The jump host itself is logged in to: its own key must have been approved.
    """
    return offered_key(
        target.address,
        target.port,
        timeout_s=target.connect_timeout_s,
        via=target.via,
        pinned=target.host_key,
        name=target.name,
    )
