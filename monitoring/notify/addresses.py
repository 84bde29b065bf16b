"""What an address may be, and what of it may be shown."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from monitoring.notify.services import BY_SCHEMA, EVERYWHERE, SERVICES, Service

MAX_LENGTH: Final = 2000
_SCHEMA: Final = re.compile(r"([a-z]+)://(?=.)", re.IGNORECASE)
_VISIBLE: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"(?=.{1,80}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_METHODS: Final = ("post", "put")


class BadAddress(Exception):
    """Why an address is not taken, in words that do not repeat it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is ever shown of an address."""

    kind: str
    hint: str


def checked(url: str) -> Shown:
    """Raises BadAddress. That the service takes it is for the sender to find out."""
    if len(url) > MAX_LENGTH:
        raise BadAddress(f"An address has {MAX_LENGTH} characters at most.")
    if not _VISIBLE.fullmatch(url):
        raise BadAddress("Write it without blanks, and anything beyond ASCII as %XX.")
    found = _SCHEMA.match(url)
    kind = found[1].lower() if found else ""
    service = BY_SCHEMA.get(kind)
    if service is None:
        raise BadAddress(_unknown(kind))
    _check_params(url, service)
    return Shown(kind, _hint(url, kind, service))


def _unknown(kind: str) -> str:
    if kind in ("http", "https"):
        return "For a webhook write jsons:// (or json://, without TLS) instead of https://."
    known = ", ".join(f"{one.schemas[0]}://" for one in SERVICES)
    return f"SiteFlow tells services only: {known}."


def _check_params(url: str, service: Service) -> None:
    """The sender looks once more, at how apprise reads them."""
    for name, value in _params(url):
        if name[:1] and name[:1] in service.free:
            continue
        if name.lower() not in service.params | EVERYWHERE:
            known = ", ".join(sorted(service.params | EVERYWHERE))
            raise BadAddress(f"Behind ? {service.label} takes only: {known}.")
        if name.lower() == "method" and value.lower() not in _METHODS:
            raise BadAddress("A webhook is told by method=POST or method=PUT.")


def _params(url: str) -> Iterator[tuple[str, str]]:
    """Behind the first question mark, also what stands behind a #, which channels begin with."""
    for part in re.split("[&;]", url.partition("?")[2]):
        name, _, value = part.partition("=")
        if part:
            yield unquote(name), unquote(value)


def _hint(url: str, kind: str, service: Service) -> str:
    """The host, where what stands in its place is one; never the rest."""
    if not service.at_host:
        return f"{kind}://…"
    return f"{kind}://{_host(url)}/…"


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return "…"
    return host if _HOST.fullmatch(host) or _is_address(host) else "…"


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False
