from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.errors import DriverError
from provisioning.drivers.log_lines import (
    MAX_FRAME_BYTES,
    MAX_LINE_BYTES,
    PART_BYTES,
    Assembler,
    Frames,
    Line,
    PlainText,
)

AT = "2026-11-29T02:15:30.123456789Z"
LATER = "2026-11-29T02:15:31.000000000Z"


def frame(number: int, text: bytes, at: str = AT) -> bytes:
    entry = at.encode() + b" " + text
    return struct.pack(">BxxxL", number, len(entry)) + entry


def lines_of(data: bytes, *, pieces: int = 1 << 20) -> list[Line]:
    frames, assembler = Frames(who="web1"), Assembler(who="web1")
    found = []
    for start in range(0, len(data), pieces):
        found += assembler.lines(frames.feed(data[start : start + pieces]))
    return found + assembler.rest()


def test_both_outputs_in_order_with_their_places() -> None:
    data = frame(1, b"one\n") + frame(2, b"two\r\n") + frame(1, b"three\n", LATER)
    assert lines_of(data) == [
        (AT, 0, "stdout", "one"), (AT, 1, "stderr", "two"), (LATER, 0, "stdout", "three"),
    ]  # fmt: skip
    assert [line.cursor for line in lines_of(data)] == [AT, f"{AT}~1", LATER]


def test_parts_of_a_long_line_are_one_line() -> None:
    data = frame(1, b"a" * PART_BYTES) + frame(2, b"between\n") + frame(1, b"b\n")
    assert [line.text for line in lines_of(data)] == ["between", "a" * PART_BYTES + "b"]


def test_what_has_no_end_comes_at_the_end() -> None:
    assert [line.text for line in lines_of(frame(1, b"no newline"))] == ["no newline"]


def test_a_line_is_never_longer_than_there_is_room_for() -> None:
    data = b"".join(frame(1, b"x" * PART_BYTES) for _ in range(40)) + frame(1, b"\n")
    (line,) = lines_of(data)
    assert MAX_LINE_BYTES < len(line.text) < MAX_LINE_BYTES + 100
    assert line.text.endswith("left out)")


def test_any_bytes_become_text() -> None:
    assert [line.text for line in lines_of(frame(1, b"\xff\x00\xed\xa0\x80\n"))] == [
        "\ufffd\x00\ufffd\ufffd\ufffd"
    ]


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=60).map(lambda text: text.replace(b"\n", b""))), st.integers(1, 50)
)
def test_however_it_is_cut(texts: list[bytes], pieces: int) -> None:
    data = b"".join(frame(1 + number % 2, text + b"\n") for number, text in enumerate(texts))
    assert lines_of(data, pieces=pieces) == lines_of(data)
    assert len(lines_of(data)) == len(texts)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1", frame(1, b"x\n")[:4] + struct.pack(">L", MAX_FRAME_BYTES + 1),
     struct.pack(">BxxxL", 1, 6) + b"hello\n"],
)  # fmt: skip
def test_what_is_no_log(data: bytes) -> None:
    with pytest.raises(DriverError) as caught:
        lines_of(data)
    assert caught.value.code == "garbage"


def terminal(data: bytes, *, pieces: int = 1 << 20) -> list[Line]:
    plain, assembler = PlainText(), Assembler(who="web1")
    found = []
    for start in range(0, len(data), pieces):
        found += assembler.lines(plain.feed(data[start : start + pieces]))
    return found


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
def test_a_terminal(pieces: int) -> None:
    data = f"{AT} one\r\n{AT} \x1b[31mtwo\x1b[0m\r\n".encode()
    assert terminal(data, pieces=pieces) == [
        (AT, 0, "stdout", "one"), (AT, 1, "stdout", "\x1b[31mtwo\x1b[0m"),
    ]  # fmt: skip


def test_a_long_line_of_a_terminal_has_its_time_once() -> None:
    part = "y" * PART_BYTES
    assert [line.text for line in terminal(f"{AT} {part}{AT} {part}{AT} z\r\n".encode())] == [
        part + part + "z"
    ]
