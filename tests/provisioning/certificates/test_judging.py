"""The state of a certificate from what was seen and the time; and that SQL says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from provisioning.certificates.judging import (
    STALE_AFTER,
    THRESHOLDS_D,
    Facts,
    State,
    days_left,
    is_urgent,
    soon_at,
    state_of,
    threshold_d,
)
from provisioning.certificates.models import Certificate, CertificateCheck
from provisioning.certificates.telling import facts_of
from sites.models import Domain
from tests.provisioning.certificates.making import NOW
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

DAY = timedelta(days=1)
GOOD = Facts(
    checked_at=NOW, answered=True, not_before=NOW - 30 * DAY, not_after=NOW + 60 * DAY,
    name_fits=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({}, State.OK),
        ({"same": True}, State.OK),
        ({"same": None}, State.OK),
        ({"not_before": NOW - 69 * DAY, "not_after": NOW + 21 * DAY}, State.SOON),
        ({"not_before": NOW - 69 * DAY, "not_after": NOW + 22 * DAY}, State.OK),
        ({"not_after": NOW}, State.EXPIRED),
        ({"not_before": NOW + timedelta(seconds=1)}, State.NOT_YET),
        ({"not_before": NOW}, State.OK),
        ({"name_fits": False}, State.WRONG_NAME),
        ({"name_fits": None}, State.WRONG_NAME),
        ({"same": False}, State.DIFFERS),
        ({"same": False, "not_after": NOW - DAY}, State.EXPIRED),
        ({"same": False, "name_fits": False}, State.WRONG_NAME),
        ({"answered": False}, State.NO_ANSWER),
        ({"answered": False, "not_after": NOW - DAY}, State.NO_ANSWER),
        ({"answered": None}, State.UNKNOWN),
        ({"checked_at": None}, State.UNKNOWN),
        ({"checked_at": NOW - STALE_AFTER}, State.OK),
        ({"checked_at": NOW - STALE_AFTER - timedelta(seconds=1)}, State.UNKNOWN),
        ({"host_fresh": False}, State.UNKNOWN),
        ({"host_fresh": False, "not_after": NOW - DAY}, State.UNKNOWN),
        ({"tls_off": True, "host_fresh": False}, State.OFF),
    ],
)  # fmt: skip
def test_states(seen: dict[str, Any], state: State) -> None:
    assert state_of(replace(GOOD, **seen), now=NOW) == state


@pytest.mark.parametrize(
    ("lives", "left", "near"),
    [
        (90 * DAY, 21 * DAY, True),
        (90 * DAY, 22 * DAY, False),
        (timedelta(hours=12), timedelta(hours=4), False),  # a proxy renews its own about then
        (timedelta(hours=12), timedelta(hours=2), True),
        (6 * DAY, 2 * DAY, False),
        (6 * DAY, DAY, True),
    ],
)
def test_the_end_of_what_never_lives_long_is_near_only_late(
    lives: timedelta, left: timedelta, near: bool
) -> None:
    ends = NOW + left
    assert (soon_at(ends - lives, ends) <= NOW) is near


def test_each_threshold_is_passed_in_turn() -> None:
    begins, ends = NOW - 60 * DAY, NOW + 30 * DAY
    passed = [threshold_d(begins, ends, now=ends - days * DAY) for days in (22, 21, 13, 7, 2, 0.5)]
    assert passed == [None, 21, 14, 7, 3, 1]
    assert set(passed) - {None} == set(THRESHOLDS_D)
    assert threshold_d(NOW, NOW + DAY / 2, now=NOW + DAY / 3) is None


def test_what_is_urgent() -> None:
    begins = NOW - 80 * DAY
    assert is_urgent(State.EXPIRED, begins, NOW, now=NOW)
    assert is_urgent(State.DIFFERS, begins, NOW + 60 * DAY, now=NOW)
    assert is_urgent(State.SOON, begins, NOW + 7 * DAY, now=NOW)
    assert not is_urgent(State.SOON, begins, NOW + 8 * DAY, now=NOW)
    assert not is_urgent(State.UNKNOWN, begins, NOW - DAY, now=NOW)
    assert not is_urgent(State.OK, begins, NOW + 60 * DAY, now=NOW)
    assert not is_urgent(State.OFF, None, None, now=NOW)


def test_days_are_negative_once_it_has_expired() -> None:
    assert days_left(NOW - DAY / 2, now=NOW) == -0.5


def test_times_at_the_ends_of_the_calendar() -> None:
    first, last = datetime.min.replace(tzinfo=NOW.tzinfo), datetime.max.replace(tzinfo=NOW.tzinfo)
    assert soon_at(first, first) == first
    assert soon_at(first, last) == last - 21 * DAY
    assert soon_at(last, first) == first


# -- in SQL --------------------------------------------------------------------------------------


CHOICES: dict[str, tuple[Any, ...]] = {
    "outcome": ("", "served", "silent", "unasked"),
    "checked_at": (None, NOW, NOW - 2 * STALE_AFTER),
    "ends": (None, NOW - DAY, NOW + 2 * DAY, NOW + 60 * DAY),
    "not_before": (NOW - 30 * DAY, NOW + DAY),
    "name_fits": (None, False, True),
    "same": (None, False, True),
}


@pytest.mark.django_db
def test_sql_says_the_same_of_all_there_can_be() -> None:
    """Every combination of what a row may hold, on a host that is seen and one that is not, with
    TLS and without; and domains without any row."""
    fresh = make_site(make_host("seen", inventory_at=NOW), "fresh")
    gone = make_site(make_host("gone", state="unreachable", inventory_at=NOW), "gone")
    every = list(product(*CHOICES.values()))
    places = [(site, tls) for site in (fresh, gone) for tls in ("acme", "off")]
    domains = Domain.objects.bulk_create(
        Domain(site=site, host=site.host, name=f"n{number}.{tls}.test", tls=tls, kind="alias")
        for site, tls in places
        for number in range(len(every) + 1)
    )
    with_rows = [one for one in domains if not one.name.startswith(f"n{len(every)}.")]
    CertificateCheck.objects.bulk_create(map(row_of, with_rows, every * len(places)))
    rows: Any = Certificate.objects.select_related("host")
    found = list(rows.live(now=NOW))
    assert len(found) == len(domains) == len(places) * (len(every) + 1)
    wrong = [
        (facts_of(row, now=NOW), row.live_state)
        for row in found
        if row.live_state != state_of(facts_of(row, now=NOW), now=NOW)
    ]
    assert wrong == []
    assert {row.live_state for row in found} == set(State.values)


def row_of(domain: Domain, values: tuple[Any, ...]) -> CertificateCheck:
    told = dict(zip(CHOICES, values, strict=True))
    ends = told.pop("ends")
    begins = told["not_before"] if ends else None
    soon = soon_at(told["not_before"], ends) if ends else None
    return CertificateCheck(
        domain=domain, not_after=ends, soon_at=soon, **(told | {"not_before": begins})
    )
