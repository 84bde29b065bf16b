"""A TCP port of a host: what may be asked for, and why it was not reached."""

from __future__ import annotations

import re
from typing import Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.link import LaneRefused

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.:_-]{1,255}")
_PROHIBITED: Final = 1  # RFC 4254, section 5.1


def check_tcp(address: str, port: int) -> None:
    if not _ADDRESS.fullmatch(address) or not 0 < port < 65536:
        shown = printable(address, limit=100)
        raise DriverError(f"not an address and port: {shown}, {port}", "bad_argument")


def forward_error(who: str, address: str, port: int, refused: LaneRefused) -> DriverError:
    """sshd tells the reason in words of its own and of the C library."""
    if refused.code == _PROHIBITED:
        return DriverError(f"{who}: its sshd does not forward connections", "forward_refused")
    said = printable(refused.text, limit=200).lower()
    if "no answer" in said or "timed out" in said:
        return DriverError(f"{who}: no answer from {address}:{port}", "timeout")
    if "resol" in said or "not known" in said:
        return DriverError(f"{who}: it does not know the name {address}", "name_unknown")
    why = said or "connection failed"
    return DriverError(f"{who}: nothing answers at {address}:{port}: {why}", "port_closed")
