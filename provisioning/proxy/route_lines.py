"""Path routes as people write them: ``/api/=backend:8090``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class BadRoute(ValueError):
    """Its words are for people."""


def route_of(text: str) -> dict[str, Any]:
    """As `RouteIn` takes it, which checks path and service. Raises BadRoute."""
    path, equals, upstream = text.strip().partition("=")
    service, colon, port = upstream.partition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5
    if not equals or not service or (colon and not is_port):
        raise BadRoute(f"{text!r} is no /PATH/=SERVICE[:PORT].")
    return {"path": path, "service": service, **({"port": int(port)} if port else {})}


def line_of(route: Mapping[str, Any]) -> str:
    """Of a domain's ``routes``."""
    port = route.get("port")
    return f"{route['path']}={route['service']}" + (f":{port}" if port else "")
