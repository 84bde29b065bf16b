"""What the proxy of a host keeps: of several authorities' certificates the one that it serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.parse_certificate import BadCertificate, ParsedCertificate, parse_pem
from provisioning.drivers.stored_certificates import StoredFile, stored_files
from provisioning.proxy.certificates import store_of
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host

_OWN: Final = "local"  # the folder of Caddy's own authority
# In our words, as those of the host name its folders, which who sees a site only is not told.
_WHY: Final = {"permission_denied": "the login on its host may not; sudo would let it"}


@dataclass(frozen=True, slots=True)
class Stored:
    """``chain`` empty: none is kept for the name."""

    chain: tuple[ParsedCertificate, ...] = ()
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    error: str


def read_stored(
    host: HostDriver, row: Host, proxy: Proxy | None, domains: Sequence[Domain]
) -> dict[str, Stored | Unread] | Unread | None:
    """By the name of the domain. Unread when the host does not let us, or cannot be asked."""
    try:
        store = store_of(host, proxy) if domains else ""
        if not store:
            return None
        names = [one.name for one in domains]
        files = stored_files(host, store, names, sudo=row.sudo)
    except DriverError as error:
        return Unread(_WHY.get(error.code, error.code.replace("_", " ")))
    return {one.name: _of(one, (file for file in files if file.name == one.name))
            for one in domains}  # fmt: skip


def _of(domain: Domain, files: Iterable[StoredFile]) -> Stored | Unread:
    """Of those that fit what the domain asks for, the one made last: Caddy serves that, too."""
    own = domain.tls == Domain.Tls.INTERNAL
    try:
        found = list(_parsed(one for one in files if (one.authority == _OWN) is own))
    except BadCertificate as error:
        return Unread(f"the file cannot be read as a certificate: {error}")
    return max(found, key=lambda one: one.chain[0].not_before, default=Stored())


def _parsed(files: Iterable[StoredFile]) -> Iterator[Stored]:
    for file in files:
        yield Stored(parse_pem(file.pem), file.authority)
