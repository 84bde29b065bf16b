"""One name that a proxy serves, as values, and the parts of Caddy's configuration it becomes.

The JSON is Caddy's own (https://caddyserver.com/docs/json/, version 2.8 and later). Nothing here
reaches a host. Text that Caddy would expand as a placeholder (``{…}``) never gets in: see
`caddy_check.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

# A reload closes WebSockets at once unless it is told to wait; this long old ones may go on.
STREAM_CLOSE_DELAY: Final = "24h"
_LOG_ROLL_MB: Final = 20
_LOG_ROLLS_KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class Folders:
    """Where Caddy itself finds them, as in the container of `caddy_install.py`."""

    logs: str = "/var/log/caddy"
    upstreams: str = "/etc/caddy/upstreams"
    acme: str = "/etc/caddy/acme"


@dataclass(frozen=True, slots=True)
class Acme:
    """Who gives public certificates. Without ``directory``, the authorities that Caddy has built
    in. ``root`` is a PEM file, as Caddy sees it, of who vouches for that address itself.
    """

    directory: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Requests whose path begins with ``path`` go to another upstream. Nothing is cut off."""

    path: str
    upstream: str


@dataclass(frozen=True, slots=True)
class Vhost:
    """``upstream`` names a file that holds "container:port", read for each request.

    So another container takes over without a new configuration, as loading one closes connections
    that are just being opened. Empty: nothing to send requests to, which is told by 503.
    ``redirect_to`` is the address, without path, that all requests are sent on to (308).
    ``basic_auth`` holds pairs of a user and a bcrypt hash. ``tls`` is acme, internal or off.
    """

    name: str
    upstream: str = ""
    routes: tuple[Route, ...] = ()
    redirect_to: str = ""
    basic_auth: tuple[tuple[str, str], ...] = ()
    tls: str = "acme"
    access_log: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """All that Caddy's configuration holds for one name. Routes are without their ``@id``."""

    https: Json | None = None
    http: Json | None = None
    tls: Json | None = None
    log: Json | None = None


def block(vhost: Vhost, *, folders: Folders = Folders(), acme: Acme = Acme()) -> Block:
    """What Caddy is to be told of one vhost."""
    route = _route(vhost, folders)
    return Block(
        https=None if vhost.tls == "off" else route,
        http=route if vhost.tls == "off" else None,
        tls=_policy(vhost, acme),
        log=_log(vhost.name, folders) if vhost.access_log else None,
    )


def logger_name(name: str) -> str:
    return f"siteflow_{name}"


def _route(vhost: Vhost, folders: Folders) -> Json:
    inner = {"handler": "subroute", "routes": list(_inner(vhost, folders))}
    return {"match": [{"host": [vhost.name]}], "handle": [inner], "terminal": True}


def _inner(vhost: Vhost, folders: Folders) -> Iterator[Json]:
    yield {"handle": [_logged(vhost)]}
    if vhost.redirect_to:
        yield {"handle": [_redirect(vhost.redirect_to)]}
        return
    if vhost.basic_auth:
        yield {"handle": [_authentication(vhost.basic_auth)]}
    # Caddy takes the first that matches: the longest path comes first.
    for route in sorted(vhost.routes, key=lambda route: (-len(route.path), route.path)):
        match = [{"path": _paths(route.path)}]
        yield {"match": match, "handle": [_proxy(route.upstream, folders)], "terminal": True}
    yield {"handle": [_proxy(vhost.upstream, folders) if vhost.upstream else _nothing_there()]}


def _logged(vhost: Vhost) -> Json:
    """Which access log a request belongs to, said by its route: the server may be another's."""
    if vhost.access_log:
        return {"handler": "vars", "access_logger_names": [logger_name(vhost.name)]}
    return {"handler": "vars", "log_skip": True}


def _paths(prefix: str) -> list[str]:
    """``/api/`` is all below it; ``/api`` is also itself, but never ``/apiary``."""
    return [f"{prefix}*"] if prefix.endswith("/") else [prefix, f"{prefix}/*"]


def _proxy(upstream: str, folders: Folders) -> Json:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"{{file.{folders.upstreams}/{upstream}}}"}],
        "stream_close_delay": STREAM_CLOSE_DELAY,
        # A connection that cannot be opened has carried nothing: trying it again is safe.
        "load_balancing": {"try_duration": "2s", "try_interval": "250ms"},
    }


def _redirect(address: str) -> Json:
    location = [f"{address}{{http.request.uri}}"]
    return {"handler": "static_response", "status_code": 308, "headers": {"Location": location}}


def _nothing_there() -> Json:
    return {"handler": "static_response", "status_code": 503, "body": "This site is not running.\n"}


def _authentication(users: tuple[tuple[str, str], ...]) -> Json:
    accounts = [{"username": user, "password": hashed} for user, hashed in sorted(users)]
    # bcrypt is slow on purpose; what has been proven is kept in memory, hashed by Caddy.
    basic = {"accounts": accounts, "hash": {"algorithm": "bcrypt"}, "hash_cache": {}}
    return {"handler": "authentication", "providers": {"http_basic": basic}}


def _policy(vhost: Vhost, acme: Acme) -> Json | None:
    """Where its certificate comes from, unless that is left to Caddy."""
    if vhost.tls == "internal":
        return {"subjects": [vhost.name], "issuers": [{"module": "internal"}]}
    if vhost.tls != "acme" or not acme.directory:
        return None
    roots = {"trusted_roots_pem_files": [acme.root]} if acme.root else {}
    return {
        "subjects": [vhost.name],
        "issuers": [{"module": "acme", "ca": acme.directory, **roots}],
    }


def _log(name: str, folders: Folders) -> Json:
    writer = {
        "output": "file",
        "filename": f"{folders.logs}/{name}.log",
        "roll_size_mb": _LOG_ROLL_MB,
        "roll_keep": _LOG_ROLLS_KEPT,
    }
    include = [f"http.log.access.{logger_name(name)}"]
    return {"writer": writer, "encoder": {"format": "json"}, "include": include}
