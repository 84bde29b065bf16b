"""The certificates that a Caddy keeps on its host, never their keys: one command for all names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.drivers import file_scripts
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.host_files import checked_path, succeeded

_AT_ONCE: Final = 30  # names in one command
_MAX_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """``authority`` is the folder that Caddy keeps it in: "local" for its own."""

    authority: str
    name: str
    pem: bytes


def stored_files(
    host: HostDriver, folder: str, names: Sequence[str], *, sudo: bool = False
) -> list[StoredFile]:
    """Those of these names, of every authority; none where there is no such folder.

    Of each file at most 40,000 bytes. DriverError ``permission_denied``, ``garbage``.
    """
    found: list[StoredFile] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        argv = ("/bin/sh", "-c", file_scripts.CERTIFICATES, "sh", checked_path(folder), *some)
        result = host.run(argv, sudo=sudo, max_bytes=_MAX_BYTES)
        try:
            succeeded(host, f"reading certificates in {folder}", result)
        except DriverError as error:
            if error.code == "not_found":
                return []
            raise
        found += _parsed(host, result, set(some))
    return found


def _parsed(host: HostDriver, result: Result, asked: set[str]) -> Iterator[StoredFile]:
    try:
        for line in result.stdout.splitlines():
            authority, name, text = line.split(" ")
            if name not in asked:
                raise ValueError
            yield StoredFile(authority[:200], name, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        message = f"{host.name}: the certificates of its proxy did not arrive readable"
        raise DriverError(message, "garbage") from None
