"""Output line by line, while the command runs: in pieces, from this machine and over SSH."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import HostDriver
from provisioning.drivers.lines import Lines
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, wait_gone
from tests.provisioning.drivers.test_host_files import local


def test_pieces_become_lines() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    pieces = [(1, b"on"), (2, b"er"), (1, b"e\ntwo\r\n\n"), (2, b"r\rx"), (1, first), (1, second)]
    for output, data in pieces:
        lines.feed(output, data)
    assert said == ["one", "two", "err"]
    lines.end()
    assert said == ["one", "two", "err", "ü", "x"]


def test_a_line_without_end_fills_no_memory() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for _ in range(1000):
        lines.feed(1, b"x" * 10_000)
    assert sum(map(len, lines._begun.values())) <= 4001
    lines.feed(1, b"\nnext\xff\n")
    assert said == ["x" * 4000, "next\ufffd"]


@pytest.fixture(params=["local", pytest.param("web1", marks=pytest.mark.lab)])
def host(request: pytest.FixtureRequest) -> Iterator[HostDriver]:
    if request.param == "local":
        yield local()
        return
    lab: Lab = request.getfixturevalue("lab")
    with opened(lab.web1) as driver:
        yield driver


def test_lines_come_while_it_runs(host: HostDriver) -> None:
    """More than a second lies between what it says before and after two seconds of sleep."""
    script = "echo one; echo two >&2; sleep 2; printf three"
    begun, at = time.monotonic(), dict[str, float]()
    result = host.run(
        ("sh", "-c", script), on_line=lambda line: at.update({line: time.monotonic() - begun})
    )
    assert sorted(at) == ["one", "three", "two"]
    assert at["three"] - max(at["one"], at["two"]) > 1
    assert (result.stdout, result.stderr) == ("one\nthree", "two\n")


def test_what_is_too_much_to_keep_is_still_heard(host: HostDriver) -> None:
    heard: list[str] = []
    argv = ("sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done")
    result = host.run(argv, max_bytes=100, on_line=heard.append)
    assert (result.truncated, len(result.stdout)) == (True, 100)
    assert heard == [f"line {number}" for number in range(1, 3001)]


class Stop(Exception):
    pass


def test_who_hears_can_end_it(host: HostDriver) -> None:
    def stop(line: str) -> None:
        raise Stop(line)

    started = time.monotonic()
    with pytest.raises(Stop, match="go"):
        host.run(("sh", "-c", "echo go; exec sleep 294"), on_line=stop)
    assert time.monotonic() - started < 5


@pytest.mark.lab
def test_what_was_ended_so_is_gone_from_the_host(lab: Lab) -> None:
    def stop(line: str) -> None:
        raise Stop(line)

    with opened(lab.web1) as driver:
        with pytest.raises(Stop):
            driver.run(("sh", "-c", "echo go; exec sleep 295"), on_line=stop)
        wait_gone(lab.web1, "sleep 295")


def test_a_flood_ends_at_the_deadline(host: HostDriver) -> None:
    threads: set[str] = set()
    with pytest.raises(DriverError) as caught:
        host.run(
            ("sh", "-c", "exec yes x"),
            timeout_s=1,
            max_bytes=100,
            on_line=lambda line: threads.add(threading.current_thread().name),
        )
    assert caught.value.code == "timeout"
    assert threads == {threading.current_thread().name}


def test_a_host_in_memory_says_its_lines_too() -> None:
    host, heard = FakeHost(), list[str]()
    host.answer("x", stdout="one\ntwo\n", stderr="three")
    host.run(("x",), on_line=heard.append)
    assert heard == ["one", "two", "three"]
