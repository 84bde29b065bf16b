from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.drivers.log_cursors import (
    Cursor,
    NoCursor,
    Resuming,
    ns_of,
    parse_cursor,
    stamp_of,
)
from provisioning.drivers.log_lines import Line


def stamp(ms: int) -> str:
    return f"2026-01-01T00:{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}000000Z"


def log(*times: int) -> list[Line]:
    """Lines of these milliseconds, numbered."""
    found: list[Line] = []
    for number, ms in enumerate(times):
        same = found and found[-1].at == stamp(ms)
        found.append(Line(stamp(ms), found[-1].nth + 1 if same else 0, "stdout", str(number)))
    return found


def test_a_cursor_as_text_and_back() -> None:
    at = "2026-11-29T02:15:30.123456789Z"
    assert parse_cursor(f"{at}~3") == Cursor(at, 3) and str(Cursor(at, 3)) == f"{at}~3"
    assert parse_cursor("2026-11-29T02:15:30Z") == Cursor("2026-11-29T02:15:30.000000000Z")
    assert ns_of("1970-01-01T00:00:01.000000002Z") == 1_000_000_002
    assert stamp_of(datetime(2026, 1, 1, 1, tzinfo=UTC)) == "2026-01-01T01:00:00.000000000Z"


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00Z~", "2026-01-01T00:00:00Z~x",
             "２026-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00Z~1~1"]
)  # fmt: skip
def test_no_cursor(text: str) -> None:
    with pytest.raises(NoCursor):
        parse_cursor(text)


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_it_goes_on_behind_the_line() -> None:
    lines = log(0, 0, 0, 5)
    resuming = Resuming(Cursor.of(lines[1]))
    assert texts(resuming.take(lines[:3])) == ["2"] and resuming.done and not resuming.missed
    assert texts(resuming.take(lines[3:])) == ["3"]


def test_times_a_little_out_of_order_lose_nothing() -> None:
    lines = log(10, 9, 11)
    assert texts(Resuming(Cursor.of(lines[0])).take(lines)) == ["1", "2"]
    lines = log(12, 10, 11)
    assert texts(Resuming(Cursor.of(lines[1])).take(lines)) == ["2"]


def test_a_line_that_is_gone_is_not_waited_for() -> None:
    resuming = Resuming(Cursor(stamp(500)))
    lines = log(400, 600, 700, 1600, 1700)
    assert resuming.take(lines[:3]) == []
    assert texts(resuming.take(lines[3:])) == ["1", "2", "3", "4"]
    assert resuming.missed


def test_silence_ends_the_wait() -> None:
    resuming = Resuming(Cursor(stamp(500)))
    resuming.take(log(400, 600))
    assert texts(resuming.give_up()) == ["1"] and resuming.missed and resuming.give_up() == []


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).map(sorted), st.data())
def test_wherever_it_broke_off(times: list[int], data: st.DataObject) -> None:
    lines = log(*times)
    at = data.draw(st.integers(0, len(lines) - 1))
    resuming = Resuming(Cursor.of(lines[at]))
    begin = next(n for n, line in enumerate(lines) if ns_of(line.at) >= resuming.since_ns)
    cut = data.draw(st.integers(begin, len(lines)))
    assert resuming.take(lines[begin:cut]) + resuming.take(lines[cut:]) == lines[at + 1 :]
