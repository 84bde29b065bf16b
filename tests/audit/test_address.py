import pytest

from audit.address import client_address, parse_address

PROXIES = ["10.0.0.1", "10.1.0.0/16", "fd00::/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        # nobody forwards
        ("192.0.2.7", "", "192.0.2.7"),
        # a stranger's header proves nothing
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        # our proxy says who came
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("fd00::1", "2001:db8::9", "2001:db8::9"),
        # two proxies of ours; what the client itself wrote in front is not believed
        ("10.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        # what is no address ends the walk at the last one known
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, '; DROP TABLE", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, , 10.1.2.3", "10.1.2.3"),
        ("10.0.0.1", ",,,", "10.0.0.1"),
        # ports, brackets, zones, IPv4 in IPv6
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        # all of them ours: the farthest
        ("10.0.0.1", "10.1.2.3", "10.1.2.3"),
        # a socket in the file system has no address
        (None, "203.0.113.9", None),
        ("", "203.0.113.9", None),
    ],
)
def test_client_address(peer: str | None, forwarded_for: str, expected: str | None) -> None:
    assert (
        client_address(peer=peer, forwarded_for=forwarded_for, trusted_proxies=PROXIES) == expected
    )


def test_no_proxies_means_no_header_is_believed() -> None:
    assert client_address(peer="10.0.0.1", forwarded_for="203.0.113.9") == "10.0.0.1"


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4/24"])
def test_no_address(text: str) -> None:
    assert parse_address(text) is None
