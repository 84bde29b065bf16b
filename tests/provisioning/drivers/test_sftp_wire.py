"""SFTP packets: what OpenSSH sends, and what somebody might who wants to harm us."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from provisioning.drivers import folders as module
from provisioning.drivers import sftp_wire as wire
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import Folders
from provisioning.drivers.sftp_wire import Answer, Attributes, Entry


def text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def attributes(mode: int, size: int = 7, at: int = 1_700_000_000) -> bytes:
    """As OpenSSH's sftp-server tells all four of them."""
    return struct.pack(">IQIIIII", 0xF, size, 1000, 1000, mode, at, at)


def name_packet(*names: tuple[bytes, bytes]) -> bytes:
    rows = b"".join(text(name) + text(b"-rw-r--r-- 1 a a") + told for name, told in names)
    return struct.pack(">BII", wire.NAME, 1, len(names)) + rows


def answer(packet: bytes) -> Answer:
    return Answer(packet, who="nas")


def test_a_request_is_what_the_draft_says() -> None:
    assert wire.request(wire.OPENDIR, 2, b"/a") == b"\0\0\0\x0b\x0b\0\0\0\x02\0\0\0\x02/a"
    assert wire.INIT_PACKET == b"\0\0\0\x05\x01\0\0\0\x03"


def test_names_and_attributes_are_read() -> None:
    packet = name_packet(
        (b"a", attributes(0o100644)), (b"\xff\n", attributes(0o040755)),
        (b"l", attributes(0o120777)), (b"p", attributes(0o010644)), (b"bare", struct.pack(">I", 0)),
    )  # fmt: skip
    one = answer(packet)
    assert (one.kind, one.number()) == (wire.NAME, 1)
    assert one.entries() == [
        Entry(b"a", Attributes("file", 7, 1_700_000_000)),
        Entry(b"\xff\n", Attributes("folder", 7, 1_700_000_000)),
        Entry(b"l", Attributes("link", 7, 1_700_000_000)),
        Entry(b"p", Attributes("other", 7, 1_700_000_000)),
        Entry(b"bare", Attributes("other")),
    ]


def test_extended_attributes_are_passed_over() -> None:
    told = struct.pack(">IQI", 0x80000001, 9, 1) + text(b"k") + text(b"v")
    assert answer(bytes([wire.ATTRS]) + told).attributes() == Attributes("other", 9)


@pytest.mark.parametrize(
    ("packet", "read"),
    [
        (struct.pack(">BII", wire.NAME, 1, 2**32 - 1), Answer.entries),
        (struct.pack(">BIIQI", wire.ATTRS, 1, 0x80000001, 1, 2**31), Answer.attributes),
        (struct.pack(">BI", wire.HANDLE, 1) + b"\0\0\xff\xffshort", Answer.text),
        (struct.pack(">BI", wire.ATTRS, 1) + b"\0\0\0\x0f\0", Answer.attributes),
        (bytes([wire.STATUS]), Answer.number),
    ],
)
def test_lengths_that_lie_are_garbage(packet: bytes, read: Callable[[Answer], Any]) -> None:
    one = answer(packet)
    with pytest.raises(DriverError) as caught:
        one.number(), read(one)
    assert caught.value.code == "garbage"


class Double:
    """A channel on whose other side somebody has said everything in advance."""

    def __init__(self, *packets: bytes) -> None:
        self.incoming = b"".join(packets)
        self.silent = False

    def request(self, kind: str, text: str) -> None: ...
    def settimeout(self, seconds: float) -> None: ...
    def sendall(self, data: bytes) -> None: ...

    def get_transport(self) -> Double:
        return self

    def is_active(self) -> bool:
        return True

    def recv(self, size: int) -> bytes:
        if not self.incoming and self.silent:
            raise TimeoutError
        part, self.incoming = self.incoming[:size], self.incoming[size:]
        return part


def packed(*packets: bytes) -> bytes:
    return b"".join(text(one) for one in packets)


HELLO = packed(struct.pack(">BI", wire.VERSION, 3))


def opened(lane: Double, *, timeout_s: float = 5) -> Folders:
    return Folders(lane, who="nas", deadline=Deadline(timeout_s))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (HELLO + b"\xff\xff\xff\xff", "garbage"),  # 4 GiB
        (HELLO + b"\0\0\0\0", "garbage"),
        (HELLO + packed(struct.pack(">BII", wire.STATUS, 77, 2)), "garbage"),  # to nobody
        (HELLO + packed(struct.pack(">BI", wire.NAME, 1)), "garbage"),
        (HELLO + packed(struct.pack(">BII", wire.STATUS, 1, 3)), "permission_denied"),
        (HELLO + packed(struct.pack(">BII", wire.STATUS, 1, 4)), "command_failed"),
        (HELLO + b"\0\0", "link_lost"),
    ],
)
def test_what_is_no_answer_ends_the_look(said: bytes, code: str) -> None:
    folders = opened(Double(said))
    with pytest.raises(DriverError) as caught:
        folders.look(b"/a\n\x1b[31m")
    assert caught.value.code == code and "\x1b" not in caught.value.message


def test_silence_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Double(HELLO)
    lane.silent = True
    with pytest.raises(DriverError) as caught:
        opened(lane).look(b"/a")
    assert caught.value.code == "timeout"
    with pytest.raises(DriverError) as caught:
        opened(Double(HELLO), timeout_s=0)
    assert (caught.value.code, module.ANSWER_S) == ("timeout", 20.0)


def test_a_name_of_a_megabyte_is_read_and_one_of_five_is_not() -> None:
    handle = struct.pack(">BI", wire.HANDLE, 1) + text(b"h")
    end = struct.pack(">BII", wire.STATUS, 3, wire.END_OF_FOLDER)
    closed = struct.pack(">BII", wire.STATUS, 4, 0)

    def listed(size: int) -> list[Entry]:
        long = bytearray(name_packet((b"x" * size, attributes(0o100644))))
        long[1:5] = struct.pack(">I", 2)
        return list(opened(Double(HELLO, packed(handle, bytes(long), end, closed))).entries(b"/"))

    assert [len(one.name) for one in listed(1_000_000)] == [1_000_000]
    with pytest.raises(DriverError, match="cannot be understood"):
        listed(5_000_000)
