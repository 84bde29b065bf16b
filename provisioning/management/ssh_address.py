"""USER@ADDR[:PORT] as people write it; IPv6 addresses stand in [brackets]."""

from __future__ import annotations

import re
from typing import Any

import typer

_FORM = re.compile(
    r"(?P<username>[^@\s]+)@(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<address>[^\s:\[\]]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


def parse_ssh(text: str) -> dict[str, Any]:
    """``username``, ``address`` and ``port``; anything else is a wrong usage."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r}: write USER@ADDR or USER@ADDR:PORT, an IPv6 address in [brackets]."
        )
    address = found["v6"] or found["address"]
    return {
        "username": found["username"],
        # ::1 and 0::1 are the same; no address of a host begins with a sign.
        "address": f"0{address}" if address.startswith(":") else address,
        "port": int(found["port"] or 22),
    }
