from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_logs import FakeLog, FakeLogStream
from provisioning.drivers.log_cursors import NEAR_LINES
from provisioning.drivers.log_lines import Line, LogStream
from provisioning.logs import following as module
from provisioning.logs.following import (
    Backlog,
    Following,
    Gone,
    More,
    News,
    Started,
    Stopped,
    Trouble,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", (0.01,))
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "SETTLED_S", 0.05)


@pytest.fixture
def host() -> FakeHost:
    host = FakeHost(containers=[fake_container("web")])
    host.followed["web"] = FakeLog()
    return host


def follow(host: FakeHost, tail: int | None = 5) -> tuple[Following, Iterator[News]]:
    docker_id = host.containers["web"].docker_id
    following = Following(
        lambda: host.docker, docker_id, tail=tail, max_lines=1000, max_bytes=1_000_000
    )
    return following, following.news()


def until(news: Iterator[News], kind: type[News]) -> tuple[News, list[str]]:
    """The first of this kind, and the lines that came before it and with it."""
    texts: list[str] = []
    for each in news:
        if isinstance(each, Backlog | More):
            texts += [line.text for line in each.lines]
        if isinstance(each, kind):
            return each, texts
    raise AssertionError(f"no {kind.__name__} came")


def test_what_was_there_and_what_comes(host: FakeHost) -> None:
    log = host.followed["web"]
    log.write(*"abcdefg")
    following, news = follow(host)
    assert until(news, Backlog)[1] == list("cdefg")
    log.write("h")
    assert until(news, More)[1] == ["h"]
    following.close()
    assert list(news) == []


def test_behind_a_cut_nothing_is_lost_and_nothing_doubled(host: FakeHost) -> None:
    log = host.followed["web"]
    log.write("0", "1")
    following, news = follow(host)
    got = until(news, Backlog)[1]
    for number in range(2, 20):
        log.write(str(number), at="2026-01-01T00:00:09.000000000Z" if number > 15 else "")
        got += until(news, More)[1]
        if number % 3 == 0:
            log.cut()
            _, more = until(news, Trouble)
            got += more
    assert got == [str(number) for number in range(20)]
    following.close()


def asked(host: FakeHost) -> list[tuple[int | None, bool]]:
    """How often the log is asked for by time alone, for which an Engine reads all of it."""
    seen: list[tuple[int | None, bool]] = []
    open_ = host.docker.log_stream

    def noted(docker_id: str, **given: Any) -> LogStream:
        seen.append((given["tail"], given["since_ns"] is not None))
        return open_(docker_id, **given)

    host.docker.log_stream = noted  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize("since_ns", [None, 5_000_000_000_000_000_000])
def test_a_long_log_is_not_read_from_its_beginning(host: FakeHost, since_ns: int | None) -> None:
    log = host.followed["web"]
    log.write(*map(str, range(9000)))
    seen = asked(host)
    docker_id = host.containers["web"].docker_id
    following = Following(
        lambda: host.docker, docker_id, tail=5, since_ns=since_ns, max_lines=5, max_bytes=9000
    )
    news = following.news()
    until(news, Backlog)
    log.write("more")
    assert until(news, More)[1] == ["more"]
    log.cut()
    until(news, Trouble)
    log.write("behind the cut")
    assert until(news, More)[1] == ["behind the cut"]
    assert seen and not any(tail is None for tail, _ in seen), seen
    following.close()


def test_who_was_away_for_long_gets_all_the_same(host: FakeHost) -> None:
    log = host.followed["web"]
    log.write("0")
    seen = asked(host)
    following, news = follow(host)
    got = until(news, Backlog)[1]
    log.write("1")
    got += until(news, More)[1]
    log.cut()
    got += until(news, Trouble)[1]
    log.write(*map(str, range(2, 2 + NEAR_LINES + 1000)))
    while len(got) < 2 + NEAR_LINES + 1000:
        got += until(news, More)[1]
    assert got == [str(number) for number in range(2 + NEAR_LINES + 1000)]
    assert (None, True) in seen
    following.close()


def test_a_host_that_looks_for_the_place_for_long_doubles_nothing(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it must where the place is far from the end: it says nothing until it is there."""
    monkeypatch.setattr(module, "NEAR_LINES", 3)
    log = host.followed["web"]
    log.write("0")
    following, news = follow(host)
    got = until(news, Backlog)[1]
    log.write("1")
    got += until(news, More)[1]
    log.cut()
    until(news, Trouble)
    log.write(*"23456")
    read = FakeLogStream.read
    silent = iter([True] * 3)

    def late(stream: FakeLogStream, *, timeout_s: float) -> list[Line]:
        return (
            []
            if len(stream._before) > 3 and next(silent, False)
            else read(stream, timeout_s=timeout_s)
        )

    monkeypatch.setattr(FakeLogStream, "read", late)
    while len(got) < 7:
        more, texts = until(news, More)
        assert not isinstance(more, More) or not more.missed
        got += texts
    assert got == list("0123456")
    following.close()


def test_a_container_that_stops_and_starts(host: FakeHost) -> None:
    log = host.followed["web"]
    log.write("last words")
    following, news = follow(host)
    until(news, Backlog)
    host.docker.stop("web", grace_s=1)
    log.end()
    stopped, _ = until(news, Stopped)
    assert stopped == Stopped("exited", 0) or isinstance(stopped, Stopped)
    log.write("first words")
    host.docker.start("web")
    assert until(news, Started)
    assert until(news, More)[1] == ["first words"]
    following.close()


def test_what_docker_did_not_send_of_a_container_that_stopped_is_read(host: FakeHost) -> None:
    log = host.followed["web"]
    log.write("0")
    following, news = follow(host)
    until(news, Backlog)
    log.write("1")
    assert until(news, More)[1] == ["1"]
    host.docker.stop("web", grace_s=1)
    log.write(*"23")
    log.end()  # as Docker does, although two lines were not read
    log.write("of another short run")
    assert until(news, Stopped)[1] == ["2", "3", "of another short run"]
    following.close()


def test_a_container_that_is_removed(host: FakeHost) -> None:
    following, news = follow(host)
    until(news, Backlog)
    host.docker.remove("web", force=True)
    host.followed["web"].end()
    assert until(news, Gone)
    assert list(news) == []


def test_a_host_that_is_away_is_asked_again(host: FakeHost) -> None:
    asked: list[int] = []

    def docker() -> object:
        asked.append(1)
        if len(asked) < 4:
            raise DriverError("web1 does not answer", "unreachable")
        return host.docker

    host.followed["web"].write("a")
    following = Following(docker, "web", tail=5, max_lines=9, max_bytes=9000)  # type: ignore[arg-type]
    news = following.news()
    assert [next(news).__class__ for _ in range(3)] == [Trouble] * 3
    assert until(news, Backlog)[1] == ["a"]
    following.close()


def test_closing_wakes_the_reader(host: FakeHost) -> None:
    following, news = follow(host)
    until(news, Backlog)
    done = threading.Thread(target=lambda: list(news))
    done.start()
    following.close()
    done.join(10)
    assert not done.is_alive()
