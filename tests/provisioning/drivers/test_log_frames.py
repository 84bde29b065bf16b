from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.log_frames import demultiplex, last_lines


def frame(stream: int, payload: bytes) -> bytes:
    return struct.pack(">B3xL", stream, len(payload)) + payload


def test_frames_of_both_streams_in_order() -> None:
    data = frame(1, b"one\n") + frame(2, b"two\nth") + frame(1, b"ree\n")
    assert demultiplex(data) == b"one\ntwo\nthree\n"


def test_a_cut_frame() -> None:
    assert demultiplex(frame(1, b"whole\n") + frame(1, b"cut off")[:11]) == b"whole\ncut"
    assert demultiplex(b"\x01\x00\x00") == b""


@settings(deadline=None)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    assert len(demultiplex(data)) <= len(data)


def test_the_last_lines() -> None:
    payload = b"one\r\ntwo\nthree\n"
    assert last_lines(payload, tail=2, max_bytes=100) == ["two", "three"]
    assert last_lines(payload, tail=9, max_bytes=100) == ["one", "two", "three"]
    assert last_lines(payload, tail=0, max_bytes=100) == []
    assert last_lines(b"", tail=9, max_bytes=100) == []
    assert last_lines(b"no newline", tail=9, max_bytes=100) == ["no newline"]


def test_a_line_that_lost_its_beginning_is_left_out() -> None:
    assert last_lines(b"aaaa\nbbbb\ncccc\n", tail=9, max_bytes=12) == ["bbbb", "cccc"]


def test_lines_can_be_stored() -> None:
    assert last_lines(b"a\x00b\xff\n", tail=9, max_bytes=100) == ["ab\ufffd"]
    assert len(last_lines(b"x" * 100_000, tail=9, max_bytes=1_000_000)[0]) == 16 * 1024
