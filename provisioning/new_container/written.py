"""Ports, mounts and lists of NAME=value as people write them, one a line, and as Docker does."""

from __future__ import annotations

import re
from typing import Any, Final

from provisioning.drivers import dotenv
from provisioning.drivers.errors import DriverError

# [address:][host port:]container port[/protocol]; an IPv6 address stands in brackets.
_PORT: Final = re.compile(
    r"(?:(?:(?P<address>\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]{2,45}\]):)?(?P<host>\d{0,5}):)?"
    r"(?P<container>\d{1,5})(?:/(?P<protocol>tcp|udp))?"
)
PORT_FORM: Final = "write [address:][host port:]container port[/udp], such as 127.0.0.1:8080:80"
_SIZE: Final = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?)\s?(?P<unit>[bkmgt]?)(?:i?b)?")
SIZE_FORM: Final = "write a size such as 256m or 1.5g"
MOUNT_FORM: Final = "write source:/target or source:/target:ro"


class Unreadable(ValueError):
    """A line that is not of its form; says the form and never the line."""


def port(text: str) -> dict[str, Any]:
    """As the fields of `asked.PublishedPort`. Without a host port Docker takes a free one."""
    found = _PORT.fullmatch(text.strip())
    if found is None:
        raise Unreadable(PORT_FORM)
    told: dict[str, Any] = {"container": int(found["container"])}
    if found["host"]:
        told["host"] = int(found["host"])
    if found["address"]:
        told["address"] = found["address"].strip("[]")
    if found["protocol"]:
        told["protocol"] = found["protocol"]
    return told


def mount(text: str) -> dict[str, Any]:
    """As the fields of `asked.Mount`: a source that begins with / is a folder of the host."""
    source, colon, rest = text.strip().partition(":")
    target, _, mode = rest.partition(":")
    if not colon or mode not in ("", "ro", "rw"):
        raise Unreadable(MOUNT_FORM)
    return {"source": source, "target": target, "read_only": mode == "ro"}


def pairs(text: str) -> dict[str, str]:
    """Of labels: NAME=value, a line each, the value as it stands."""
    found: dict[str, str] = {}
    for line in lines(text):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise Unreadable("write NAME=value, one a line")
        found[name.strip()] = value
    return found


def size(text: str) -> int:
    """Bytes: 256m, 1.5g and 268435456 as Docker reads them, in powers of 1024."""
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise Unreadable(SIZE_FORM)
    factor: int = 1024 ** "bkmgt".index(found["unit"] or "b")
    return round(float(found["number"]) * factor)


def environment(text: str) -> dict[str, str]:
    """As an .env file: NAME=value, in quotes where it has line ends. Errors name lines only."""
    try:
        return dotenv.load(text)
    except DriverError as error:
        raise Unreadable(error.message.removeprefix(".env, ")) from None


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
