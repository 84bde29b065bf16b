"""The key exchange, up to but not including any login, and the errors of it."""

from __future__ import annotations

import socket
import threading

import paramiko

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.keys import fingerprint
from provisioning.drivers.lane import Lane
from provisioning.drivers.link import KEY_FAMILIES, HostKeyMismatch, Link

_TOO_MANY = (b"MaxStartups", b"Not allowed at this time")


def exchange_keys(
    sock: socket.socket | Lane, *, who: str, pinned: str, deadline: Deadline, prefer: str = ""
) -> Link:
    """A connection whose server has proved to own its host key; nobody is logged in yet.

    ``pinned`` is the one key to accept, ``"ssh-ed25519 AAAA…"``, or "" for any, then one of
    ``prefer``'s type first. On failure the socket is closed and DriverError says why.
    """
    link = Link(sock, pinned=" ".join(pinned.split()[:2]), prefer=prefer)
    done = threading.Event()
    link.start_client(event=done)
    in_time = done.wait(deadline.left())
    if in_time and link.is_active() and link.host_key is not None:
        return link
    error = link.get_exception()
    link.shut()
    raise _failure(link, error, who=who, pinned=pinned, in_time=in_time)


def _failure(
    link: Link, error: BaseException | None, *, who: str, pinned: str, in_time: bool
) -> DriverError:
    if isinstance(error, HostKeyMismatch):
        return _changed(who, pinned, f"it now shows {fingerprint(str(error))}")
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return _incompatible(link, error, who, pinned)
    if b"SSH-" not in link.packetizer.greeting:
        return _no_greeting(link.packetizer.greeting, who, in_time)
    if not in_time:
        return DriverError(f"{who}: the SSH key exchange did not end in time", "timeout")
    if error is None or isinstance(error, EOFError | OSError):
        said = f": {printable(link.farewell)}" if link.farewell else ""
        return DriverError(f"{who}: the server ended the connection{said}", "link_lost")
    return DriverError(f"{who}: the SSH key exchange failed: {printable(str(error))}", "garbage")


def _changed(who: str, pinned: str, now: str) -> DriverError:
    return DriverError(
        f"{who}: the host key has changed: {fingerprint(pinned)} was approved, {now}; "
        "nothing was sent",
        "host_key_changed",
    )


def _incompatible(link: Link, error: Exception, who: str, pinned: str) -> DriverError:
    """Not offering the pinned key's type any more is a changed key, not an old server."""
    kind = pinned.split(" ")[0]
    if "host key" in str(error) and kind and not _still_offered(kind, link.offered):
        offered = printable(", ".join(link.offered), limit=200)
        return _changed(who, pinned, f"it now offers only {offered}")
    return DriverError(
        f"{who}: no safe algorithm in common ({printable(str(error), limit=200)})", "incompatible"
    )


def _still_offered(kind: str, offered: tuple[str, ...]) -> bool:
    return any(name in offered for name in (kind, *KEY_FAMILIES.get(kind, ())))


def _no_greeting(greeting: bytes, who: str, in_time: bool) -> DriverError:
    if any(words in greeting for words in _TOO_MANY):
        return DriverError(f"{who}: the SSH server turned us away for now", "busy")
    if greeting:
        said = printable(greeting, limit=80)
        return DriverError(f"{who}: this is not an SSH server, it says: {said}", "not_ssh")
    if not in_time:
        return DriverError(f"{who}: connected, but no SSH greeting came in time", "timeout")
    return DriverError(f"{who}: the server closed the connection without a greeting", "link_lost")
