"""A look and what is kept of it: served, on disk, DNS; silence, garbage and a host that is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.certificates.keeping import AGAIN, EVERY, due, hosts_with_due, keep
from provisioning.certificates.looking import look
from provisioning.certificates.models import Certificate, CertificateCheck, check_soon
from provisioning.certificates.telling import certificate_out
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host
from tests.provisioning.certificates.making import Made, made
from tests.provisioning.certificates.things import (
    NAME,
    domain_of,
    resolve,
    serve,
    store,
    with_volume,
)
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_proxy

pytestmark = pytest.mark.django_db


def fresh(*names: str, **given: Any) -> Made:
    return made(*(names or (NAME,)), now=timezone.now(), **given)


def looked(fake: FakeHost, host: Host, **given: Any) -> dict[str, Any]:
    """What is told of the first domain after a look at all of them."""
    proxy = Proxy.objects.filter(host=host).first()
    at = given.pop("at", timezone.now())
    for found in look(fake, host, proxy, list(host.domains.order_by("pk"))):
        keep(found, at=at)
    return told(host)


def told(host: Host) -> dict[str, Any]:
    rows: Any = Certificate.objects.select_related("host", "site", "certificate_check")
    return certificate_out(rows.filter(host=host).order_by("pk").first())


@pytest.fixture
def host() -> Host:
    return make_host(address="192.0.2.7")


# -- served --------------------------------------------------------------------------------------


def test_all_is_well(fake: FakeHost, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fresh(subject="Own authority")
    leaf = fresh(by=root)
    domain_of(host)
    make_proxy(host)
    with_volume(fake)
    serve(fake, leaf, root)
    store(fake, leaf)
    resolve(monkeypatch, **{"shop_example_com": "192.0.2.7", "192_0_2_7": "192.0.2.7"})
    seen = looked(fake, host)
    assert (seen["state"], seen["problems"], seen["same"]) == ("ok", [], True)
    assert seen["served"]["issuer"] == "Own authority" and seen["served"]["names"] == [NAME]
    assert [one["subject"] for one in seen["served"]["issued_by"]] == ["Own authority"]
    assert seen["served"]["fingerprint"] == seen["stored"]["fingerprint"]
    assert seen["dns"]["leads"] == "here" and 59 < seen["days_remaining"] <= 60
    assert not any(".key" in word for argv in fake.ran for word in argv)


@pytest.mark.parametrize(
    ("served", "state", "word"),
    [
        ({"ends": timedelta(hours=-1)}, "expired", "has expired"),
        ({"begins": timedelta(hours=1)}, "not_yet", "not valid yet"),
        ({"begins": timedelta(days=-80), "ends": timedelta(days=10)}, "soon", "end is near"),
    ],
)
def test_by_the_clock(
    fake: FakeHost, host: Host, served: dict[str, Any], state: str, word: str
) -> None:
    domain_of(host)
    serve(fake, fresh(**served))
    seen = looked(fake, host)
    assert seen["state"] == state and word in seen["problems"][0]


def test_a_certificate_for_another_name(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    serve(fake, fresh("*.shop.example.com"))
    seen = looked(fake, host)
    assert seen["state"] == "wrong_name" and "not for shop.example.com" in seen["problems"][0]


def test_the_proxys_own_port_is_asked(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    Proxy.objects.create(host=host, https_port=8443)
    serve(fake, fresh(), port=8443)
    assert looked(fake, host)["state"] == "ok"


def test_nobody_answers(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    seen = looked(fake, host)
    assert seen["state"] == "no_answer" and "nothing answers" in seen["problems"][0]
    assert seen["served"] is None and seen["checked_at"] is not None


def test_plain_http_is_not_asked(fake: FakeHost, host: Host) -> None:
    domain_of(host, tls="off")
    seen = looked(fake, host)
    assert (seen["state"], seen["served"], fake.ran) == ("off", None, [])


# -- the host is lost ----------------------------------------------------------------------------


def test_a_host_that_is_lost_meanwhile_is_no_silence(fake: FakeHost, host: Host) -> None:
    """What was seen before stays, with its age; and nobody is asked any more."""
    first, second = domain_of(host), domain_of(host, "www.shop.example.com")
    serve(fake, fresh())
    looked(fake, host, at=timezone.now() - timedelta(minutes=10))
    fake.hang_up(443)
    fake.answer_by("true", answer=DriverError("web1: the link is gone", "link_lost"))
    before = told(host)
    seen = looked(fake, host)
    assert (seen["state"], seen["served"]) == ("unknown", before["served"])
    assert seen["unknown_since"] == before["checked_at"] < seen["tried_at"]
    assert "could not be asked" in seen["problems"][0]
    assert [argv for argv in fake.ran if argv == ("true",)] == [("true",)]
    rows = CertificateCheck.objects.filter(domain__in=[first, second])
    assert set(rows.values_list("outcome", flat=True)) == {"unasked"}


def test_a_host_nobody_sees_makes_all_unknown_at_once(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    serve(fake, fresh())
    assert looked(fake, host)["state"] == "ok"
    Host.objects.filter(pk=host.pk).update(state="unreachable")
    seen = told(host)
    assert seen["state"] == "unknown" and seen["unknown_since"] == seen["checked_at"]
    assert seen["problems"][0] == "its host is not reached" and seen["served"] is not None


def test_a_domain_that_was_never_looked_at(host: Host) -> None:
    domain_of(host)
    seen = told(host)
    assert (seen["state"], seen["problems"]) == ("unknown", ["not looked at yet"])
    assert (seen["checked_at"], seen["days_remaining"], seen["dns"]) == (None, None, None)


# -- on disk -------------------------------------------------------------------------------------


def on_disk(fake: FakeHost, host: Host, *, tls: str = "internal") -> Made:
    domain_of(host, tls=tls)
    make_proxy(host)
    with_volume(fake)
    served = fresh()
    serve(fake, served)
    return served


def test_another_one_is_on_disk(fake: FakeHost, host: Host) -> None:
    on_disk(fake, host)
    store(fake, fresh())
    seen = looked(fake, host)
    assert (seen["state"], seen["same"]) == ("differs", False)
    assert "another certificate is on disk" in seen["problems"][0]


def test_none_is_on_disk(fake: FakeHost, host: Host) -> None:
    on_disk(fake, host)
    seen = looked(fake, host)
    assert (seen["state"], seen["same"], seen["stored"]) == ("ok", None, None)


def test_of_several_authorities_the_newest_that_fits_what_is_asked_for(
    fake: FakeHost, host: Host
) -> None:
    served = on_disk(fake, host, tls="acme")
    store(fake, served, authority="acme-v02.example-directory")
    store(fake, fresh(begins=timedelta(days=-40)), authority="other.example-directory")
    store(fake, fresh(begins=timedelta(days=-1)), authority="local")
    seen = looked(fake, host)
    assert (seen["state"], seen["same"]) == ("ok", True)
    assert seen["stored"]["authority"] == "acme-v02.example-directory"


@pytest.mark.parametrize("text", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_on_disk_cannot_be_read(fake: FakeHost, host: Host, text: bytes) -> None:
    on_disk(fake, host)
    store(fake, text)
    seen = looked(fake, host)
    assert (seen["state"], seen["same"]) == ("ok", None)
    assert "could not be read" in seen["problems"][0]


def test_the_disk_is_not_ours_to_read(fake: FakeHost, host: Host) -> None:
    on_disk(fake, host)
    fake.answer_by("/bin/sh", answer=DriverError("web1: no", "permission_denied"))
    seen = looked(fake, host)
    assert seen["state"] == "ok" and "the login on its host may not" in seen["problems"][0]
    assert "/var/lib" not in str(seen)


# -- whatever a host may serve -------------------------------------------------------------------

EVIL = "evil\x1b[2J\u202e<script>alert(1)</script>"


@pytest.mark.parametrize(
    "served",
    [
        made(NAME, subject=EVIL, now=timezone.now()),
        made(*(f"n{number}.example.com" for number in range(1000)), now=timezone.now()),
        made(now=timezone.now(), subject="no names"),
        made(NAME, now=timezone.now(), ends=timedelta(days=365 * 7000)),
    ],
    ids=["control characters", "a thousand names", "no names", "until the year 9000"],
)  # fmt: skip
def test_hostile_certificates_are_kept_small_and_printable(
    fake: FakeHost, host: Host, served: Made
) -> None:
    domain_of(host)
    serve(fake, served)
    seen = looked(fake, host)["served"]
    assert seen["subject"].isprintable() and seen["issuer"].isprintable()
    assert all(name.isprintable() for name in seen["names"]) and len(seen["names"]) <= 100
    assert len(str(CertificateCheck.objects.get().served)) < 20_000


def test_authorities_with_a_thousand_names_are_kept_small(fake: FakeHost, host: Host) -> None:
    root = fresh(*(f"n{number}.example.com" for number in range(500)), subject="Own authority")
    domain_of(host)
    serve(fake, fresh(by=root), root, root)
    seen = looked(fake, host)["served"]["issued_by"]
    assert [(len(one["names"]), one["names_total"]) for one in seen] == [(5, 500)] * 2


def test_a_huge_one_is_no_answer(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    serve(fake, fresh(NAME, *(f"{number}.{'x' * 60}.example.com" for number in range(1500))))
    seen = looked(fake, host)
    assert seen["state"] == "no_answer" and "TLS failed" in seen["problems"][0]


def test_what_cannot_be_read_is_no_answer(
    fake: FakeHost, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain_of(host)
    where = "provisioning.certificates.looking.served_chain"
    monkeypatch.setattr(where, lambda *given, **more: (b"\x30\x03garbage",))
    seen = looked(fake, host)
    assert seen["state"] == "no_answer" and "cannot be read" in seen["problems"][0]


# -- DNS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "leads", "word"),
    [("192.0.2.7", "here", ""), ("192.0.2.8", "elsewhere", "leads elsewhere"),
     ("", "nowhere", "no address")],
)  # fmt: skip
def test_where_dns_leads_changes_no_state(
    fake: FakeHost, host: Host, monkeypatch: pytest.MonkeyPatch, address: str, leads: str, word: str
) -> None:
    domain_of(host)
    serve(fake, fresh())
    own = {"192_0_2_7": "192.0.2.7"}
    resolve(monkeypatch, **own, **({"shop_example_com": address} if address else {}))
    seen = looked(fake, host)
    assert (seen["state"], seen["dns"]["leads"]) == ("ok", leads)
    assert word in " ".join(seen["problems"]) and bool(seen["problems"]) is bool(word)
    assert "192.0.2.7" not in " ".join(seen["problems"])  # who sees a site sees no host's address


def test_without_an_address_of_the_host_nothing_is_compared(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host(address="")
    domain_of(host)
    resolve(monkeypatch, shop_example_com="192.0.2.8")
    seen = looked(fake, host)
    assert (seen["dns"]["leads"], seen["dns"]["addresses"]) == ("", ["192.0.2.8"])


# -- turns ---------------------------------------------------------------------------------------


def is_due(host: Host, *, after: timedelta = timedelta()) -> bool:
    return host.pk in hosts_with_due([host.pk], now=timezone.now() + after)


def test_every_hour_and_what_is_wrong_every_five_minutes(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    assert is_due(host)
    looked(fake, host)
    assert not is_due(host) and is_due(host, after=AGAIN * 1.2)
    serve(fake, fresh())
    looked(fake, host)
    assert not is_due(host, after=EVERY * 0.85) and is_due(host, after=EVERY * 1.2)


def test_who_asks_for_a_look_gets_one_also_while_another_goes_on(
    fake: FakeHost, host: Host
) -> None:
    domain_of(host)
    serve(fake, fresh())
    looked(fake, host)
    began = timezone.now()
    check_soon(Domain.objects.all())
    assert is_due(host)
    looked(fake, host, at=began)
    assert is_due(host)
    looked(fake, host)
    assert not is_due(host)


def test_an_older_look_never_overwrites_a_newer_one(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    serve(fake, fresh())
    now = timezone.now()
    looked(fake, host, at=now)
    fake.hang_up(443)
    assert looked(fake, host, at=now - timedelta(seconds=1))["state"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_a_domain_that_was_removed_meanwhile_is_let_go(fake: FakeHost, host: Host) -> None:
    domain_of(host)
    domains = list(host.domains.all())
    for found in look(fake, host, None, domains):
        Domain.objects.all().delete()
        keep(found, at=timezone.now())
    assert not CertificateCheck.objects.exists()


def test_domains_on_other_hosts_are_not_due(host: Host) -> None:
    domain_of(make_host("web2"))
    assert not is_due(host) and Domain.objects.filter(due(now=timezone.now())).count() == 1
