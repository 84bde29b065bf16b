"""What is wrong with a vhost, found before Caddy sees it. Says it in words, changes nothing.

Caddy takes a configuration as a whole or not at all, and it expands ``{…}`` in many places:
so each value has a narrow form, and one that has not keeps only its own vhost out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provisioning.drivers.caddy_vhost import Vhost

MAX_ROUTES: Final = 50
MAX_USERS: Final = 100
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# At least two labels, the last not a number: an address such as 192.0.2.1 is no name.
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
_UPSTREAM: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,199}")
_DIAL: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,127}):([0-9]{1,5})")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]{0,199}")
_REDIRECT: Final = re.compile(r"https?://([a-z0-9.-]+)(:[0-9]{1,5})?")
_USER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
# https://pkg.go.dev/golang.org/x/crypto/bcrypt: costs from 4 to 31
_BCRYPT: Final = re.compile(r"\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")


def is_name(text: str) -> bool:
    """A domain in the form that is served: lower case, ASCII, no dot at the end, no wildcard."""
    return bool(_NAME.fullmatch(text))


def is_path(text: str) -> bool:
    """A path to route by: no placeholder, no pattern, nothing that a browser would clean away."""
    return bool(_PATH.fullmatch(text)) and "//" not in text and not _has_dots(text)


def is_user(text: str) -> bool:
    return bool(_USER.fullmatch(text))


def is_upstream(text: str) -> bool:
    """The name of an upstream's file."""
    return bool(_UPSTREAM.fullmatch(text))


def is_dial(text: str) -> bool:
    """A container and a port, which is what such a file holds."""
    found = _DIAL.fullmatch(text)
    return bool(found) and 0 < int(found[2]) < 65_536  # type: ignore[index]


def problem(vhost: Vhost) -> str:
    """The first thing that is wrong, as a sentence without its end; empty when nothing is."""
    return next(_problems(vhost), "")


def _problems(vhost: Vhost) -> Iterator[str]:
    if not is_name(vhost.name):
        yield "this is not the name of a domain"
    if vhost.upstream and not is_upstream(vhost.upstream):
        yield f"{vhost.upstream!r} is no name of an upstream"
    if vhost.tls not in ("acme", "internal", "off"):
        yield f"there is no kind of certificate {vhost.tls!r}"
    yield from _of_redirect(vhost)
    yield from _of_routes(vhost)
    yield from _of_users(vhost)


def _of_redirect(vhost: Vhost) -> Iterator[str]:
    if not vhost.redirect_to:
        return
    found = _REDIRECT.fullmatch(vhost.redirect_to)
    if not found or not is_name(found[1]):
        yield f"{vhost.redirect_to!r} is no address to redirect to"
    elif found[1] == vhost.name:
        yield "it would redirect to itself"


def _of_routes(vhost: Vhost) -> Iterator[str]:
    if len(vhost.routes) > MAX_ROUTES:
        yield f"there are more than {MAX_ROUTES} routes"
    paths = [route.path for route in vhost.routes]
    for route in vhost.routes:
        if not is_path(route.path):
            yield f"{route.path!r} is no path to route by"
        if not is_upstream(route.upstream):
            yield f"{route.upstream!r} is no name of an upstream"
        if paths.count(route.path) > 1:
            yield f"there are two routes for {route.path}"


def _of_users(vhost: Vhost) -> Iterator[str]:
    users = [user for user, _ in vhost.basic_auth]
    if len(users) > MAX_USERS:
        yield f"there are more than {MAX_USERS} users"
    for user, hashed in vhost.basic_auth:
        if not is_user(user):
            yield "a user's name may have a–z, 0–9 and . _ @ + -"
        if not _BCRYPT.fullmatch(hashed):
            yield "a password is not hashed by bcrypt"  # never the value: it may be a password
        if users.count(user) > 1:
            yield f"there are two passwords for {user}"


def _has_dots(text: str) -> bool:
    return any(part in (".", "..") for part in text.split("/"))
