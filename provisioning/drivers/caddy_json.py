"""Finding one's way in Caddy's JSON, which others write too: nothing is taken for granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from provisioning.drivers.caddy_vhost import Json

OURS: Final = "siteflow:"

# What our parts may be the only content of.
FILLED: Final = (
    ("apps", "http", "servers"),
    ("apps", "tls", "automation", "policies"),
    ("logging", "logs"),
)


def servers_of(config: Json) -> dict[str, Json]:
    servers = at(config, "apps", "http", "servers")
    return {name: one for name, one in servers.items() if isinstance(one, dict)}


def routes_of(server: Json) -> list[Any]:
    routes = server.get("routes")
    return routes if isinstance(routes, list) else []


def logs_of(config: Json) -> Json:
    return at(config, "logging", "logs")


def policies_of(config: Json) -> list[Any]:
    policies = at(config, "apps", "tls", "automation").get("policies")
    return policies if isinstance(policies, list) else []


def at(config: Json, *path: str) -> Json:
    """The object there; a new one, which is not part of it, where there is none."""
    place: Any = config
    for name in path:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, dict) else {}


def made(config: Json, *path: str) -> Json:
    """The object there, made where there is none."""
    place = config
    for name in path:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    return place


def prune(config: Json, path: tuple[str, ...]) -> None:
    """Removes what is empty at the end of the path, and then what is empty above it."""
    for end in range(len(path), 0, -1):
        above, name = at(config, *path[: end - 1]), path[end - 1]
        if name in above and not above[name]:
            del above[name]


def is_ours(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("@id", "")).startswith(OURS)


def named(value: Any, begin: str) -> str:
    """What stands after the beginning of an object's ``@id``; empty if that is another."""
    name = str(value.get("@id", "")) if isinstance(value, dict) else ""
    return name.removeprefix(begin) if name.startswith(begin) else ""


def without_id(value: Json) -> Json:
    return {name: one for name, one in value.items() if name != "@id"}


def port_of(config: Json, kind: str) -> int:
    told = at(config, "apps", "http").get(f"{kind}_port")
    return told if isinstance(told, int) and told else {"https": 443, "http": 80}[kind]


def listens(server: Json, port: int) -> bool:
    addresses = server.get("listen")
    return isinstance(addresses, list) and port in _ports(addresses)


def _ports(addresses: list[Any]) -> Iterator[int]:
    """Of Caddy's network addresses: ":443", "tcp/[::]:443", "0.0.0.0:8000-8010"."""
    for address in addresses:
        first, _, last = str(address).rpartition(":")[2].partition("-")
        if _is_port(first) and _is_port(last or first):
            yield from range(int(first), int(last or first) + 1)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 65_536
