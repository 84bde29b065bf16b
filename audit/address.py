"""The address a request came from. A header is believed only when a known proxy sent it."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address


def parse_address(text: str) -> Address | None:
    """An address with any zone (`%eth0`) dropped and IPv4-in-IPv6 unpacked; None if it is none."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_trusted(peer: str, trusted_proxies: Sequence[str]) -> bool:
    """Whether who holds the connection is one of our own proxies."""
    address = parse_address(peer)
    return address is not None and _is_within(address, trusted_proxies)


def _is_within(address: Address, trusted_proxies: Sequence[str]) -> bool:
    return any(address in network for network in _networks(tuple(trusted_proxies)))


@lru_cache(maxsize=16)
def _networks(trusted_proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in trusted_proxies)


def _hops(forwarded_for: str) -> list[str]:
    """The addresses of X-Forwarded-For, nearest proxy first, ports removed."""
    return [_without_port(hop.strip()) for hop in reversed(forwarded_for.split(","))]


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def client_address(
    *, peer: str | None, forwarded_for: str = "", trusted_proxies: Sequence[str] = ()
) -> str | None:
    """The nearest address that is not one of our own proxies.

    `peer` is who holds the connection, `forwarded_for` the X-Forwarded-For header (several headers
    joined by commas), `trusted_proxies` addresses or networks. The header is walked from the
    right, because each proxy appends: what stands left of the first address we do not trust was
    written by that address and proves nothing. A hop that is no address ends the walk, too.
    """
    current = parse_address(peer or "")
    if current is None:
        return None
    for hop in _hops(forwarded_for) if forwarded_for else ():
        if not _is_within(current, trusted_proxies):
            break
        before = parse_address(hop)
        if before is None:
            break
        current = before
    return str(current)
