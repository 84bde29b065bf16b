"""Certificates over the API, on the command line, in the console, and looked at on demand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import engine
from provisioning.certificates.keeping import hosts_with_due
from provisioning.certificates.models import CertificateCheck
from provisioning.certificates.telling import CertificateOut, DnsOut, ServedOut, StoredOut
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.models import Operation
from sites.models import Domain, Host
from tests.people import logged_in, person
from tests.provisioning.certificates.making import made
from tests.provisioning.certificates.things import NAME, domain_of, serve, store, with_volume
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_proxy

pytestmark = pytest.mark.django_db
URL = "/api/certificates"


@pytest.fixture(autouse=True)
def worker(fake: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: fake)
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def host() -> Host:
    return make_host()


def check(domain: Domain) -> Operation:
    row = engine.start("cert.check", domain, actor=COMMAND)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


def seen(host: Host, name: str, *, days: float, **values: Any) -> Domain:
    """As if it was looked at just now."""
    now = timezone.now()
    domain = domain_of(host, name)
    told = {
        "outcome": "served", "checked_at": now, "tried_at": now, "served_at": now,
        "not_before": now - timedelta(days=60), "not_after": now + timedelta(days=days),
        "soon_at": now + timedelta(days=days - 21), "name_fits": True, **values,
    }  # fmt: skip
    CertificateCheck.objects.create(domain=domain, **told)
    return domain


# -- on demand -----------------------------------------------------------------------------------


def test_a_look_on_demand_says_what_it_found(fake: FakeHost, host: Host) -> None:
    domain = domain_of(host)
    serve(fake, made(NAME, now=timezone.now()))
    row = check(domain)
    assert (row.status, row.message) == ("succeeded", f"{NAME}: valid, 60 days left.")
    assert row.result == {"state": "ok", "problems": ["DNS has no address for the name"]}
    assert (row.host, row.site_id) == (host, domain.site_id)


def test_what_was_just_asked_is_known_though_the_monitor_sees_nothing(
    fake: FakeHost, host: Host
) -> None:
    Host.objects.update(state="unreachable")
    serve(fake, made(NAME, now=timezone.now()))
    assert "valid, 60 days left" in check(domain_of(host)).message


def test_nobody_answering_is_found_and_no_failure(host: Host) -> None:
    row = check(domain_of(host))
    assert (row.status, row.message) == ("succeeded", f"{NAME}: no answer.")


def test_a_host_that_cannot_be_asked_is_a_failure(fake: FakeHost, host: Host) -> None:
    fake.answer_by("true", answer=DriverError("web1: the link is gone", "link_lost"))
    row = check(domain_of(host))
    assert (row.status, row.error_code) == ("failed", "host_not_asked")
    assert CertificateCheck.objects.get().outcome == "unasked"


def test_plain_http_has_none(host: Host) -> None:
    assert "plain http" in check(domain_of(host, tls="off")).message


def test_a_changed_domain_is_due_at_once(host: Host) -> None:
    domain = seen(host, NAME, days=60, due_at=timezone.now() + timedelta(hours=1))
    assert not hosts_with_due([host.pk], now=timezone.now())
    engine.start("domain.change", domain, actor=COMMAND, params={"tls": "acme"})
    assert hosts_with_due([host.pk], now=timezone.now()) == {host.pk}


# -- the API -------------------------------------------------------------------------------------


def listed(user: User, query: str = "") -> list[str]:
    answer = logged_in(user).get(URL + query)
    assert answer.status_code == 200, answer.content
    return [one["domain"] for one in answer.json()["items"]]


def several(host: Host) -> Host:
    """Two on the host, three on another one, of which one was never looked at."""
    other = make_host("web2")
    seen(host, "good.example.com", days=60)
    seen(host, "soon.example.com", days=5)
    seen(other, "gone.example.com", days=-1)
    seen(other, "other.example.com", days=50, name_fits=False)
    domain_of(other, "new.example.com")
    return other


def test_those_that_end_first_come_first(host: Host, bob: User) -> None:
    several(host)
    names = [name.partition(".")[0] for name in listed(bob)]
    assert names == ["gone", "soon", "other", "good", "new"]
    worst = [name.partition(".")[0] for name in listed(bob, "?ordering=urgency")]
    assert worst == ["gone", "other", "soon", "new", "good"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?host=web2", "gone other new"),
        ("?state=ok", "good"),
        ("?state=expired&state=unknown", "gone new"),
        ("?before=7", "gone soon"),
        ("?before=0", "gone"),
        ("?search=soon", "soon"),
    ],
)
def test_filters(host: Host, bob: User, query: str, names: str) -> None:
    several(host)
    assert [name.partition(".")[0] for name in listed(bob, query)] == names.split()


@pytest.mark.parametrize("query", ["?state=green", "?before=-1", "?before=x", "?ordering=issuer"])
def test_what_cannot_be_asked(bob: User, query: str) -> None:
    assert logged_in(bob).get(URL + query).status_code == 422


def test_of_one_site(host: Host, bob: User) -> None:
    other = several(host)
    site = other.sites.get()
    assert len(listed(bob, f"?site={site.pk}")) == 3


def test_pages_follow_one_another(host: Host, bob: User) -> None:
    several(host)
    found, after = [], ""
    while after is not None:
        page = logged_in(bob).get(f"{URL}?page_size=2&after={after}").json()
        found += [one["domain"].partition(".")[0] for one in page["items"]]
        after = page["next_after"]
    assert found == ["gone", "soon", "other", "good", "new"]


def test_answers_are_as_described(fake: FakeHost, host: Host, bob: User) -> None:
    """Strictly: what is no field of the description is refused."""
    make_proxy(host)
    with_volume(fake)
    leaf, root = made(NAME, now=timezone.now()), made(subject="root", now=timezone.now())
    serve(fake, leaf, root)
    store(fake, leaf)
    check(domain_of(host))
    domain_of(host, "new.example.com")
    items = logged_in(bob).get(URL).json()["items"]
    for item in items:
        read = CertificateOut.model_validate(item)
        assert read.model_dump(mode="json").keys() == item.keys()
    whole = items[0]
    for part, shape in (("served", ServedOut), ("stored", StoredOut), ("dns", DnsOut)):
        assert set(shape.model_fields) == whole[part].keys()
    assert items[1]["served"] is None and items[1]["state"] == "unknown"


def test_more_rows_take_no_more_queries(host: Host, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            logged_in(bob).get(URL)
        return len(found)

    seen(host, "first.example.com", days=60)
    one = queries()
    several(make_host("web3"))
    assert queries() == one


def test_nobody_sees_what_is_not_theirs(host: Host) -> None:
    several(host)
    assert logged_in(person("charlie")).get(URL).status_code == 403
    assert Client().get(URL).status_code == 401


# -- the command ---------------------------------------------------------------------------------


def status(*words: str) -> tuple[int, str]:
    from io import StringIO

    out = StringIO()
    try:
        call_command("cert", "status", *words, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


def test_the_worst_first_and_an_exit_code(host: Host) -> None:
    several(host)
    code, text = status()
    lines = [line.split()[0].partition(".")[0] for line in text.splitlines()[1:] if line[:1] != " "]
    assert (code, lines) == (1, ["gone", "other", "soon", "new", "good"])
    assert "browsers refuse it" in text


@pytest.mark.parametrize(
    ("days", "values", "code"),
    [
        (60, {}, 0), (8, {}, 0), (7, {}, 1), (-1, {}, 1), (60, {"same": False}, 1),
        (60, {"name_fits": False}, 1), (60, {"outcome": "silent"}, 1),
        (60, {"outcome": "unasked"}, 0),
    ],
)  # fmt: skip
def test_when_a_script_should_be_alarmed(
    host: Host, days: float, values: dict[str, Any], code: int
) -> None:
    seen(host, NAME, days=days, **values)
    assert status()[0] == code


def test_of_one_host_or_site_in_json(host: Host) -> None:
    several(host)
    code, text = status("--host", "web1", "--json")
    assert code == 1 and [one["domain"] for one in json.loads(text)] == [
        "soon.example.com", "good.example.com",
    ]  # fmt: skip
    code, text = status("--site", f"web2/{Host.objects.get(name='web2').sites.get().name}")
    assert "gone.example.com" in text and "good.example.com" not in text


def test_what_is_unknown_shows_no_days(host: Host) -> None:
    seen(host, NAME, days=60)
    Host.objects.update(state="unreachable")
    code, text = status()
    assert code == 0 and "unknown" in text and "60.0" not in text


# -- the console ---------------------------------------------------------------------------------

LIST = "admin:provisioning_certificate_changelist"


def page(user: User, key: int | None = None, query: str = "") -> str:
    name = "admin:provisioning_certificate_change" if key else LIST
    answer = logged_in(user).get(reverse(name, args=[key] if key else []) + query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_the_list_has_the_worst_first(host: Host, bob: User) -> None:
    several(host)
    text = page(bob)
    order = [
        text.index(f">{name}.example.com<") for name in ("gone", "other", "soon", "new", "good")
    ]
    assert order == sorted(order)
    assert "expired" in text and "not looked at yet" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [("?state=attention", "gone other soon"), ("?state=ok", "good"), ("?before=7", "gone soon"),
     ("?host=web1", "soon good"), ("?q=good", "good")],
)  # fmt: skip
def test_filters_of_the_list(host: Host, bob: User, query: str, names: str) -> None:
    several(host)
    text = page(bob, query=query)
    every = ("gone", "other", "soon", "new", "good")
    assert [one for one in every if f">{one}.example.com<" in text] == names.split()


def test_the_page_of_one_and_who_may_look_anew(
    fake: FakeHost, host: Host, bob: User, alice: User
) -> None:
    domain = domain_of(host)
    serve(fake, made(NAME, subject="<script>alert(1)</script>", now=timezone.now()))
    check(domain)
    text = page(bob, domain.pk)
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text
    assert "Check now" not in text and "Check now" in page(alice, domain.pk)
    assert "do/cert.check/" in page(alice, domain.pk)


def test_a_page_before_the_first_look(host: Host, bob: User) -> None:
    assert "not looked at yet" in page(bob, domain_of(host).pk)
    assert "Plain http" in page(bob, domain_of(host, "www.example.com", tls="off").pk)


def test_the_tab_of_a_site_leads_there(host: Host, bob: User) -> None:
    domain = domain_of(host)
    tab = reverse("admin:sites_site_change", args=[domain.site_id]) + "?tab=domains"
    link = reverse("admin:provisioning_certificate_change", args=[domain.pk])
    assert f'href="{link}"' in logged_in(bob).get(tab).content.decode()
