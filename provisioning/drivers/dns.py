"""Names looked up as this machine sees them, by its own resolver, and never for longer than asked.

The resolver itself cannot be interrupted, so each name has a thread; those that hang are few.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.deadline import Deadline

MAX_ADDRESSES: Final = 16
_AT_ONCE: Final = 16
_room: Final = threading.BoundedSemaphore(_AT_ONCE)
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", -5)})


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """``addresses`` in order, IPv4 and IPv6; ``error`` says why nobody could tell.

    No addresses and no error: there is no such name, or none with an address.
    """

    addresses: tuple[str, ...] = ()
    error: str = ""


def look_up(names: Iterable[str], *, timeout_s: float) -> dict[str, DnsAnswer]:
    """All of them at the same time, within ``timeout_s`` in all."""
    deadline = Deadline(timeout_s)
    begun = {name: _begun(name, deadline) for name in dict.fromkeys(names)}
    return {name: _ended(one, deadline) for name, one in begun.items()}


def _begun(name: str, deadline: Deadline) -> Future[DnsAnswer]:
    answer: Future[DnsAnswer] = Future()
    if not _room.acquire(timeout=deadline.left()):
        answer.set_result(DnsAnswer(error="too many names are being looked up"))
        return answer

    def work() -> None:
        try:
            answer.set_result(_asked(name))
        finally:
            _room.release()

    threading.Thread(target=work, name="dns", daemon=True).start()
    return answer


def _ended(answer: Future[DnsAnswer], deadline: Deadline) -> DnsAnswer:
    try:
        return answer.result(deadline.left())
    except TimeoutError:
        return DnsAnswer(error=f"no answer within {deadline.timeout_s:g} s")


def _asked(name: str) -> DnsAnswer:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return DnsAnswer()
        return DnsAnswer(error="the name server gave no answer")
    except (OSError, UnicodeError):
        return DnsAnswer(error="the name could not be looked up")
    addresses = {ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found}
    ordered = sorted(addresses, key=lambda one: (one.version, int(one)))
    return DnsAnswer(tuple(map(str, ordered[:MAX_ADDRESSES])))
