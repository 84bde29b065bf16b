"""A vhost in words, read from what Caddy runs. Hashes of passwords stay out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.drivers.caddy_json import at
from provisioning.drivers.caddy_vhost import Block, Json


def described(one: Block) -> list[str]:
    """One line for each thing it does, also for what is only there by hand."""
    route = one.https or one.http or {}
    lines = [f"certificate: {_certificate(one)}", *_lines(_inner(route))]
    return [*lines, "access log: " + ("yes" if one.log else "no")]


def _certificate(one: Block) -> str:
    if one.https is None:
        return "none, plain http"
    if one.tls is None:
        return "public"
    issuers = [issuer.get("ca") for issuer in _objects(one.tls.get("issuers"))]
    given = ", ".join(str(ca)[:200] for ca in issuers if ca)
    return f"by {given}" if given else "of the proxy's own authority"


def _inner(route: Json) -> Iterator[Any]:
    """The handlers of a route and of those inside it, each with the paths it is for."""
    stack: list[tuple[Any, str]] = [(route, "")]
    while stack:
        one, path = stack.pop()
        if not isinstance(one, dict):
            continue
        path = _path(one) or path
        for handler in _objects(one.get("handle")):
            yield path, handler
            stack += [(inner, path) for inner in reversed(_objects(handler.get("routes")))]


def _lines(handlers: Iterator[Any]) -> Iterator[str]:
    for path, handler in handlers:
        where = f"{path}: " if path else ""
        match handler.get("handler"):
            case "reverse_proxy":
                dials = [str(up.get("dial", "")) for up in _objects(handler.get("upstreams"))]
                yield f"{where}to {', '.join(_short(dial) for dial in dials) or 'nowhere'}"
            case "authentication":
                yield f"{where}password for {', '.join(_users(handler)) or 'nobody'}"
            case "static_response":
                yield f"{where}answers {handler.get('status_code', 200)}{_location(handler)}"
            case "subroute" | "vars":
                pass
            case other:
                yield f"{where}{str(other)[:40]}"


def _users(handler: Json) -> list[str]:
    accounts = at(handler, "providers", "http_basic").get("accounts")
    return [str(one.get("username", ""))[:64] for one in _objects(accounts)]


def _location(handler: Json) -> str:
    headers = handler.get("headers")
    location = headers.get("Location") if isinstance(headers, dict) else None
    return f", to {str(location[0])[:300]}" if isinstance(location, list) and location else ""


def _path(route: Json) -> str:
    for match in _objects(route.get("match")):
        if isinstance(paths := match.get("path"), list) and paths:
            return str(paths[-1])[:200]
    return ""


def _short(dial: str) -> str:
    """The name of an upstream's file, or what else is there."""
    return (
        dial.removesuffix("}").rpartition("/")[2][:200] if dial.startswith("{file.") else dial[:200]
    )


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
