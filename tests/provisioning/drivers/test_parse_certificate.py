from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.parse_certificate import (
    MAX_CHAIN,
    BadCertificate,
    parse_chain,
    parse_der,
    parse_pem,
)
from tests.provisioning.certificates.making import NOW, made

SHOP = made("shop.example.com", "www.shop.example.com")


def test_what_one_says() -> None:
    found = parse_der(SHOP.der)
    assert (found.subject, found.issuer) == ("shop.example.com", "shop.example.com")
    assert found.names == ("shop.example.com", "www.shop.example.com")
    assert found.not_before == NOW - timedelta(days=30)
    assert found.not_after == NOW + timedelta(days=60)
    assert found.key == "EC 256" and len(found.fingerprint) == 64


def test_a_chain_names_who_issued_it() -> None:
    root = made(subject="Own authority", key="rsa")
    leaf = made("shop.example.com", by=root)
    found = parse_chain([leaf.der, root.der])
    assert [one.issuer for one in found] == ["Own authority", "Own authority"]
    assert [one.key for one in found] == ["EC 256", "RSA 2048"]


@pytest.mark.parametrize(
    ("names", "asked", "fits"),
    [
        (("shop.example.com",), "shop.example.com", True),
        (("SHOP.example.com",), "shop.example.com", True),
        (("*.example.com",), "shop.example.com", True),
        (("*.example.com",), "a.shop.example.com", False),
        (("*.example.com",), "example.com", False),
        (("example.com",), "shop.example.com", False),
        (("*",), "shop.example.com", False),
        (("s*.example.com",), "shop.example.com", False),
        (("other.example.com", "shop.example.com"), "shop.example.com", True),
        ((), "it", False),  # the common name alone counts for no browser
    ],
)
def test_which_names_it_fits(names: tuple[str, ...], asked: str, fits: bool) -> None:
    assert parse_der(made(*names).der).fits(asked) is fits


def test_an_address_is_told_and_fits_no_name() -> None:
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.7"))
    found = parse_der(made("shop.example.com", further=[address]).der)
    assert found.names == ("shop.example.com", "192.0.2.7")


# -- whatever a host may send ------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, b"not a certificate", SHOP.der[:-1], SHOP.pem, b"0" * 200_000],
    ids=["nothing", "zeros", "text", "cut", "pem", "huge"],
)
def test_garbage_is_no_certificate(data: bytes) -> None:
    with pytest.raises(BadCertificate):
        parse_der(data)
    with pytest.raises(BadCertificate):
        parse_chain([data])


def test_control_characters_reach_nobody() -> None:
    evil = "evil\x1b[2J\r\nissuer\u202e<script>\0"
    found = parse_der(made("shop.example.com", subject=evil).der)
    told = found.subject + found.issuer
    assert told.isprintable() and "evil" in told


def test_a_thousand_names_are_all_compared() -> None:
    names = [f"n{number}.example.com" for number in range(1000)]
    found = parse_der(made(*names).der)
    assert len(found.names) == 1000 and found.fits("n999.example.com")


def test_a_long_chain_is_cut_and_what_cannot_be_read_left_out() -> None:
    found = parse_chain([SHOP.der, b"garbage", *[SHOP.der] * 20])
    assert len(found) == MAX_CHAIN - 1


def test_a_file_without_a_certificate_is_none() -> None:
    for data in (b"", b"text", SHOP.key_pem, SHOP.pem[:-40]):
        with pytest.raises(BadCertificate):
            parse_pem(data)


def test_a_key_beside_certificates_is_passed_over() -> None:
    assert len(parse_pem(SHOP.key_pem + SHOP.pem)) == 1


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of zero, or below
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    """One to four bytes of a good certificate are others: never another exception."""
    damaged = bytearray(SHOP.der)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        found = parse_der(bytes(damaged))
    except BadCertificate:
        return
    assert all(one.isprintable() for one in (found.subject, found.issuer, *found.names))
