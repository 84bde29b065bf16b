from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.template import Context, Template

from siteflow.wording import clock, port_text, short_age, size, took

NOW = datetime(2026, 3, 14, 12, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 d"),
        (729 * 86_400, "729 d"),
        (730 * 86_400, "2 y"),
    ],
)
def test_short_age(seconds: float, said: str) -> None:
    assert short_age(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, "–"),
        (0, "0 ms"),
        (349.6, "350 ms"),
        (1000, "1.0 s"),
        (59_900, "59.9 s"),
        (185_000, "3 min 5 s"),
        (7_260_000, "2 h 1 min"),
    ],
)
def test_took(ms: float | None, said: str) -> None:
    assert took(ms) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (8_160_437_862, "7.6 GiB"),
        (500_000_000_000, "466 GiB"),
        (10**16, "9095 TiB"),
    ],
)
def test_size(count: int | None, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("at", "form", "said"),
    [
        (NOW - timedelta(hours=2), "", "10:04"),
        (NOW - timedelta(days=3), "", "11 Mar 12:04"),
        (NOW - timedelta(days=3), "short", "11 Mar"),
        (NOW - timedelta(days=300), "", "18 May 2025"),
    ],
)
def test_clock(at: datetime, form: str, said: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert clock(at, form) == said


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ({"private": 80, "protocol": "tcp", "public": None, "address": ""}, "80"),
        ({"private": 53, "protocol": "udp", "public": 5353, "address": "0.0.0.0"}, "5353→53/udp"),  # noqa: S104
        ({"private": 80, "protocol": "tcp", "public": 8080, "address": "::"}, "8080→80"),
        (
            {"private": 443, "protocol": "tcp", "public": 8443, "address": "127.0.0.1"},
            "127.0.0.1:8443→443",
        ),
    ],
)
def test_port_text(port: dict[str, object], said: str) -> None:
    assert port_text(port) == said


def render(text: str, **values: object) -> str:
    return Template("{% load console %}" + text).render(Context(values))


def test_an_age_carries_the_absolute_time() -> None:
    with time_machine.travel(NOW, tick=False):
        shown = render('{% age at "ago" %}', at=NOW - timedelta(minutes=5))
    assert ">5 min ago</time>" in shown
    assert 'title="2026-03-14 11:59:30 UTC"' in shown


def test_what_a_host_says_is_escaped_in_every_tag() -> None:
    evil = '"><script>alert(1)</script>'
    item = {
        "state": evil,
        "last_state": evil,
        "exit_code": None,
        "source": evil,
        "observed_at": NOW,
        "unknown_since": NOW,
    }
    shown = render(
        "{% container_pill item %}{% pill evil evil at=item.observed_at source=evil %}",
        item=item,
        evil=evil,
    )
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_pill_tells_the_state_in_a_word_and_its_source_on_hover() -> None:
    item = {
        "state": "exited",
        "last_state": "exited",
        "exit_code": 137,
        "source": "event",
        "observed_at": NOW,
        "unknown_since": None,
    }
    with time_machine.travel(NOW + timedelta(seconds=2), tick=False):
        shown = render("{% container_pill item %}", item=item)
    assert 'data-state="exited" data-exit="failed"' in shown
    assert '<span class="word">exited</span>' in shown
    assert 'title="Seen by a Docker event"' in shown
    assert ">2 s</time>" in shown
