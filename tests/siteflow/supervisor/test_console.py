from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator

import pytest

from siteflow.supervisor.console import LINE_LIMIT, Console, Lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 16_384)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_a_line_is_cut_at_its_end_only() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\r\nthree") == ["two"]
    assert lines.end() == ["three"]
    assert lines.end() == []


def test_a_line_without_end_is_broken() -> None:
    lines = Lines()
    assert lines.feed(b"x" * LINE_LIMIT) == []
    assert lines.feed(b"y") == ["x" * LINE_LIMIT + "y"]
    assert lines.feed(b"z\n") == ["z"]


def test_broken_text_does_not_break_us() -> None:
    assert Lines().feed(b"caf\xe9\n") == ["caf\ufffd"]


def test_who_speaks_stands_before_every_line(pipe: tuple[int, int]) -> None:
    console = Console(pipe[1], width=8)
    console.say("hello", source="web")
    console.say("there")
    assert os.read(pipe[0], 4096) == b"web      | hello\nsiteflow | there\n"


def test_a_stalled_reader_loses_lines_and_is_told(pipe: tuple[int, int]) -> None:
    console = Console(pipe[1], width=3)
    for _ in range(10):
        console.say("x" * 3000, source="web")
    os.read(pipe[0], 65536)
    console.say("more", source="web")
    assert b"not shown) more" in os.read(pipe[0], 65536)


def test_a_reader_that_is_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    before = signal.getsignal(signal.SIGPIPE)
    assert before is not signal.SIG_DFL
    Console(writing, width=3).say("hello")
    os.close(writing)
