"""One look at the certificates of a host's domains. Asks the host and DNS, and touches no row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.certificates.stored import Stored, Unread, read_stored
from provisioning.drivers import dns
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.dns import DnsAnswer
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.parse_certificate import BadCertificate, ParsedCertificate, parse_chain
from provisioning.drivers.served_certificates import served_chain
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host

LOOK_S: Final = 120.0  # at one host in all; what is left has its turn the next time
_DNS_S: Final = 5.0
_ALIVE_S: Final = 8.0
# What says something of the site; all else, that its host could not be asked.
_SILENT: Final = frozenset({"port_closed", "timeout", "tls_failed", "link_lost", "garbage"})
_HTTPS: Final = 443


@dataclass(frozen=True, slots=True)
class Served:
    """``chain`` empty: nobody answered, or with what cannot be read; ``error`` says what.

    ``asked`` False: the host could not be asked, so nothing is known.
    """

    chain: tuple[ParsedCertificate, ...] = ()
    error: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    domain: Domain
    served: Served
    stored: Stored | Unread | None  # None: the host has no proxy whose certificates we could read
    dns: DnsAnswer
    leads: str  # here, elsewhere, nowhere; empty: not known, or nothing to compare it with


def look(
    host: HostDriver, row: Host, proxy: Proxy | None, domains: Sequence[Domain]
) -> Iterator[Look]:
    """Each as soon as it is known. Once the host cannot be asked, the others are not tried."""
    deadline = Deadline(LOOK_S)
    names = [one.name for one in domains]
    answers = dns.look_up([*names, *([row.address] if row.address else [])], timeout_s=_DNS_S)
    kept = read_stored(host, row, proxy, [one for one in domains if one.tls != Domain.Tls.OFF])
    lost: Served | None = None
    for domain in domains:
        if deadline.passed():
            return
        served = lost or _served(host, proxy, domain)
        if not served.asked:
            lost = served
        stored = kept.get(domain.name) if isinstance(kept, dict) else kept
        leads = _leads(answers[domain.name], answers.get(row.address))
        yield Look(domain, served, stored, answers[domain.name], leads)


def _served(host: HostDriver, proxy: Proxy | None, domain: Domain) -> Served:
    if domain.tls == Domain.Tls.OFF:
        return Served()
    try:
        chain = served_chain(host, domain.name, port=proxy.https_port if proxy else _HTTPS)
        return Served(parse_chain(chain))
    except BadCertificate as error:
        return Served(error=f"what is served cannot be read as a certificate: {error}")
    except DriverError as error:
        return _unserved(host, error)


def _unserved(host: HostDriver, error: DriverError) -> Served:
    """Silence is the site's only if the host itself still speaks."""
    if error.code not in _SILENT:
        return Served(error=error.message, asked=False)
    try:
        host.run(("true",), timeout_s=_ALIVE_S)
    except DriverError as lost:
        return Served(error=lost.message, asked=False)
    return Served(error=error.message)


def _leads(answer: DnsAnswer, of_host: DnsAnswer | None) -> str:
    if answer.error:
        return ""
    if not answer.addresses:
        return "nowhere"
    if of_host is None or not of_host.addresses:
        return ""
    return "here" if set(answer.addresses) & set(of_host.addresses) else "elsewhere"
