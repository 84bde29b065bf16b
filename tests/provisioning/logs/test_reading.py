from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_logs import FakeLog
from provisioning.drivers.log_cursors import NEAR_LINES, Cursor
from provisioning.drivers.log_lines import LogStream
from provisioning.logs.choosing import Choice
from provisioning.logs.reading import Asked, Part, read_part


def a_log(*, lines: int = 10) -> tuple[FakeHost, FakeLog]:
    host = FakeHost(containers=[fake_container("web")])
    log = host.followed["web"] = FakeLog()
    log.write(*(f"line {number}" for number in range(lines)))
    return host, log


def read(host: FakeHost, asked: Asked) -> Part:
    return read_part(host.docker, "web", asked)


def texts(part: Part) -> list[str]:
    return [line.text for line in part.lines]


def test_the_last_lines() -> None:
    host, log = a_log()
    part = read(host, Asked(tail=3))
    assert texts(part) == ["line 7", "line 8", "line 9"] and part.read == 3
    assert (part.first, part.last) == (Cursor.of(log.lines[7]), Cursor.of(log.lines[9]))
    assert texts(read(host, Asked(tail=3, choice=Choice("LINE 8")))) == ["line 8"]
    assert texts(read(host, Asked(since=datetime(2027, 1, 1, tzinfo=UTC)))) == []


def test_the_last_lines_until_then() -> None:
    host, log = a_log()
    until = datetime.fromisoformat(log.lines[5].at)
    assert texts(read(host, Asked(tail=2, until=until))) == ["line 4", "line 5"]
    until_line = Cursor.of(log.lines[6])
    assert texts(read(host, Asked(tail=2, until=until_line))) == ["line 5", "line 6"]


def test_near_the_end_a_long_log_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    host, log = a_log(lines=3 * NEAR_LINES)
    given: list[object] = []
    open_ = host.docker.log_stream

    def noted(docker_id: str, **asked: Any) -> LogStream:
        given.append(asked["tail"])
        return open_(docker_id, **asked)

    monkeypatch.setattr(host.docker, "log_stream", noted)
    near = read(host, Asked(tail=4, after=Cursor.of(log.lines[-3])))
    assert texts(near) == [f"line {3 * NEAR_LINES - 2}", f"line {3 * NEAR_LINES - 1}"]
    assert None not in given and not near.missed
    far = read(host, Asked(tail=2, after=Cursor.of(log.lines[3])))
    assert texts(far) == ["line 4", "line 5"] and far.more and not far.missed
    for number, wholly in ((3 * NEAR_LINES - 9, False), (7, True)):
        given.clear()
        until = datetime.fromisoformat(log.lines[number].at)
        assert texts(read(host, Asked(tail=2, until=until))) == [
            f"line {number - 1}", f"line {number}"]  # fmt: skip
        assert (None in given) == wholly


def test_page_by_page_behind_a_line_comes_all_of_it_once() -> None:
    host, log = a_log()
    found, after = [], Cursor.of(log.lines[0])
    while (part := read(host, Asked(tail=4, after=after))).lines:
        found += texts(part)
        assert part.last is not None
        after = part.last
    assert found == [f"line {number}" for number in range(1, 10)]


def test_between_two_lines() -> None:
    host, log = a_log()
    asked = Asked(after=Cursor.of(log.lines[2]), until=Cursor.of(log.lines[5]))
    part = read(host, asked)
    assert texts(part) == ["line 3", "line 4", "line 5"] and not part.more and not part.missed


def test_lines_of_one_time() -> None:
    host, log = a_log(lines=0)
    log.write("a", "b", "c", "d", at="2026-01-01T00:00:05.000000000Z")
    (*_, line) = read(host, Asked(tail=2)).lines[:1]
    assert texts(read(host, Asked(after=Cursor(line.at, 1)))) == ["c", "d"]


def test_a_line_that_is_gone() -> None:
    host, log = a_log()
    del log.lines[:5]
    part = read(host, Asked(after=Cursor("2026-01-01T00:00:00.002000000Z")))
    assert texts(part)[0] == "line 5" and part.missed
