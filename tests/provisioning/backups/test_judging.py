"""The state of backups from what was seen and the time; and that SQL says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.conf import LazySettings

from provisioning.backups.judging import Facts, State, is_shrunken, state_of, usual_bytes
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.telling import facts_of
from tests.provisioning.backups.trees import NOW
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

HOUR = timedelta(hours=1)
GOOD = Facts(nas_well=True, known_until=NOW + HOUR, count=3, newest_at=NOW - 2 * HOUR)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({}, State.FRESH),
        ({"newest_at": NOW - 48 * HOUR}, State.FRESH),
        ({"newest_at": NOW - 48 * HOUR - timedelta(seconds=1)}, State.STALE),
        ({"shrunken": True}, State.SHRUNKEN),
        ({"shrunken": True, "newest_at": NOW - 49 * HOUR}, State.STALE),
        ({"count": 0, "newest_at": None}, State.MISSING),
        ({"newest_at": None}, State.MISSING),
        ({"known_until": NOW}, State.FRESH),
        ({"known_until": NOW - timedelta(seconds=1)}, State.UNKNOWN),
        ({"known_until": None}, State.UNKNOWN),
        ({"nas_well": False}, State.UNKNOWN),
        ({"nas_well": False, "count": 0}, State.UNKNOWN),
        ({"nas_well": False, "newest_at": NOW - 99 * HOUR}, State.UNKNOWN),
        ({"readable": False}, State.UNKNOWN),
    ],
)
def test_states(seen: dict[str, Any], state: State) -> None:
    assert state_of(replace(GOOD, **seen), now=NOW) == state


def test_the_threshold_is_a_setting(settings: LazySettings) -> None:
    settings.NAS_STALE_THRESHOLD_HOURS = 1
    assert state_of(GOOD, now=NOW) == State.STALE


def test_what_is_usual_is_the_median_of_the_ten_before() -> None:
    assert usual_bytes([100, 300]) == 200
    assert usual_bytes([100, 300, None, 1000]) == 300
    assert usual_bytes([100] * 10 + [9000] * 90) == 100
    assert usual_bytes([100]) is usual_bytes([]) is usual_bytes([None, None, 5]) is None


@pytest.mark.parametrize(
    ("newest", "usual", "shrunken"),
    [(49, 100, True), (50, 100, False), (0, None, True), (0, 0, True), (1, None, False),
     (None, 100, False), (500, 100, False)],
)  # fmt: skip
def test_what_has_shrunken(newest: int | None, usual: int | None, shrunken: bool) -> None:
    assert is_shrunken(newest, usual, least_percent=50) is shrunken


# -- in SQL --------------------------------------------------------------------------------------


CHOICES: dict[str, tuple[Any, ...]] = {
    "known_until": (None, NOW - HOUR, NOW + HOUR),
    "error": ("", "its folder is a link"),
    "count": (0, 3),
    "newest_at": (None, NOW - 49 * HOUR, NOW - HOUR),
    "shrunken": (False, True),
}


@pytest.mark.django_db
def test_sql_says_the_same_of_all_there_can_be() -> None:
    nas, host = make_host("nas1"), make_host("web1")
    kinds: tuple[dict[str, Any], ...] = (
        {"read_at": NOW}, {"read_at": NOW, "error_code": "timeout"}, {},
    )  # fmt: skip
    sources = [
        BackupSource.objects.create(nas=nas, root=f"/{number}", **values)
        for number, values in enumerate(kinds)
    ]
    every = list(product(sources, *CHOICES.values()))
    for number, (source, *values) in enumerate(every):
        told = dict(zip(CHOICES, values, strict=True))
        site = make_site(host, f"site-{number}")
        SiteBackup.objects.create(site=site, source=source, **told)
    found = list(SiteBackup.objects.live(now=NOW).select_related("source"))
    assert len(found) == len(every)
    assert [row for row in found if row.live_state != state_of(facts_of(row), now=NOW)] == []
    assert {row.live_state for row in found} == set(State.values)
