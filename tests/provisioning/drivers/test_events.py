"""What a burst of Docker's events becomes, readable or not."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.events import DockerEvents
from provisioning.drivers.raw_http import RawStream

GOOD = b'{"n": 1}\n'


class Pieces:
    """A stream that gives these pieces one by one, then stays silent or ends."""

    used_at = 0.0

    def __init__(self, *pieces: bytes, ends: bool = False) -> None:
        self._pieces = list(pieces)
        self._ends = ends
        self.waits: list[float] = []

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        self.waits.append(timeout_s)
        if self._pieces:
            return self._pieces.pop(0)
        if self._ends:
            return b""
        raise TimeoutError

    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def fresh(self) -> bool:
        return True

    def answers(self, *, timeout_s: float = 0.0) -> bool:
        return True

    def ending(self) -> None:
        return None


def events(stream: Pieces) -> DockerEvents:
    raw = RawStream(stream, who="web1", what="reading events")
    return DockerEvents(raw, who="web1", timeout_s=1)


def test_it_waits_for_the_first_event_only() -> None:
    stream = Pieces(b'{"n": ', b'1}\n{"n": 2}\n', b'{"n": 3}\n{"n"')
    assert events(stream).take(timeout_s=9) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert stream.waits == [9, 9, 0.0, 0.0]


def test_silence_gives_nothing() -> None:
    assert events(Pieces()).take(timeout_s=0) == []


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[1]\n", b"\xff\xfe{}\n", b'"text"\n', b"[" * 100_000 + b"\n"]
)
def test_an_unreadable_event_is_an_empty_one_and_the_rest_is_read(line: bytes) -> None:
    assert events(Pieces(GOOD + line + GOOD)).take(timeout_s=0) == [{"n": 1}, {}, {"n": 1}]


def test_a_line_too_long_is_passed_over_to_its_end() -> None:
    long = [b"x" * 600_000] * 5
    following = events(Pieces(GOOD, *long, b"\n" + GOOD))
    found: list[dict[str, Any]] = []
    for _ in range(6):
        found += following.take(timeout_s=0)
    assert found == [{"n": 1}, {}, {"n": 1}]
    assert len(following._buffer) == 0


def test_the_end_is_told_after_what_came_before_it() -> None:
    following = events(Pieces(GOOD, ends=True))
    assert following.take(timeout_s=0) == [{"n": 1}]
    with pytest.raises(DriverError) as raised:
        following.take(timeout_s=0)
    assert raised.value.code == "link_lost"
