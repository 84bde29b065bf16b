"""Clients that misbehave by the thousand: what they send, and how they come and leave.

``python -m tests.siteflow.storms`` sends 10,000 malformed frames and connects and leaves 10,000
times; the suite does a part of it.
"""

from __future__ import annotations

import json
import random
import re
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from siteflow.supervisor.roles import MAX_FRAME_BYTES
from tests.served import Served, served

ANSWER_S: Final = 20.0
FRAMES_AT_ONCE: Final = 10
_PATHS: Final = ("/api/ws", "/ws/dashboard", "/ws/events", "/ws/metrics", "/ws/nothing")
_PING: Final = b'{"type":"ping"}'


def frame(payload: bytes, *, opcode: int = 1, flags: int = 0x80, mask: bool = True) -> bytes:
    """RFC 6455, section 5.2, whether or not it is allowed; masked with zeros."""
    length = len(payload)
    if length < 126:
        head = bytes((flags | opcode, mask << 7 | length))
    elif length < 65536:
        head = bytes((flags | opcode, mask << 7 | 126)) + length.to_bytes(2)
    else:
        head = bytes((flags | opcode, mask << 7 | 127)) + length.to_bytes(8)
    return head + (bytes(4) if mask else b"") + payload


def _deep(dice: random.Random) -> bytes:
    depth = dice.randrange(100, 8000)
    opening, closing = dice.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return opening * depth + dice.choice([b"", b"1" + closing * depth])


_ODD_JSON: Final = (
    b"{}", b"[]", b"3", b"null", b'"x"', b"NaN", b"1e999", b'{"type":1}', b'{"type":"fly"}', b"",
    b'{"type":"subscribe"}', b'{"type":"subscribe","topic":"\\ud800"}', b'{"type":"ping","id":[]}',
    b'{"type":"subscribe","topic":"hosts","ids":[1e400]}', b'{"type":"ping","x":9}',
)  # fmt: skip
# Faults of ours are told by one of these words or by the close code 1011.
_FAULTS: Final = {b"internal_error", b"unavailable"}
_FAULT: Final = b"\x88\x02\x03\xf3"
_CODES: Final = re.compile(rb'"type":"error","code":"(\w+)"')
_CLOSED: Final = re.compile(rb"\x88\x02[\x03\x0f\x11]")  # 1000 and more, 4000, 4400 and more
Kind = Callable[[random.Random], bytes]
# Frames that are whole, of messages that make no sense.
MESSAGES: Final[tuple[Kind, ...]] = (
    lambda dice: frame(dice.randbytes(dice.randrange(1, 300)), opcode=2),
    lambda dice: frame(bytes(dice.choices(range(32, 127), k=dice.randrange(1, 300)))),
    lambda dice: frame(_deep(dice)[:60_000]),
    lambda dice: frame(dice.choice(_ODD_JSON)),
    lambda dice: frame(b"x" * dice.randrange(17_000, MAX_FRAME_BYTES)),
    lambda dice: frame(b'{"type":"ping","id":' + b"9" * dice.randrange(20, 9000) + b"}"),
)
# What no connection outlives.
BREAKING: Final[tuple[Kind, ...]] = (
    lambda dice: frame(dice.randbytes(dice.randrange(40, 300))),
    lambda dice: frame(b"{" + dice.choice([b"\xff", b"\xc3(", b"\xed\xa0\x80"])),
    lambda dice: frame(b" " * (MAX_FRAME_BYTES + dice.randrange(1, 1000))),
    lambda dice: frame(b"x", opcode=dice.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])),
    lambda dice: frame(_PING, flags=0x80 | dice.choice([0x40, 0x20, 0x10])),
    lambda dice: frame(_PING, mask=False),
    lambda dice: frame(b"x" * 126, opcode=9),
    lambda dice: frame(b"x", opcode=9, flags=0),
    lambda dice: frame(dice.choice([b"\x03", b"\x00\x01", b"\x03\xe8\xff"]), opcode=8),
    lambda dice: frame(_PING, flags=0) + frame(_PING),
    lambda dice: frame(_PING, opcode=0),
    lambda dice: b"\x81\xff" + b"\xff" * 8 + bytes(4),
    lambda dice: b"\xf7" + dice.randbytes(dice.randrange(2, 300)),
)


def opened(console: Served, path: str = "/api/ws", *, cookie: bool = True) -> socket.socket:
    """A socket of the admin up to the end of the handshake."""
    port = console.stack.port
    connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
    head = [
        f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]  # fmt: skip
    if cookie:
        head.append(f"Cookie: {console.cookies}")
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(1)  # what comes behind it is for whoever opened it
        if not piece:
            raise ConnectionError(answer)
        answer += piece
    return connection


@dataclass(frozen=True)
class Place:
    """A socket and what is said to it; ``first`` this, and the rest when it has told ``ready``."""

    path: str
    messages: Sequence[Kind] = MESSAGES
    first: bytes = b""
    ready: bytes = b""


def malformed(
    console: Served, count: int, *, seed: int = 1, place: Place | None = None,
    codes: Counter[str] | None = None,
) -> Iterator[int]:  # fmt: skip
    """Sends so many frames; yields after each connection how many those were.

    Raises when one of them is neither closed nor answers after it, or is told of a fault of ours.
    ``codes`` counts the errors that were told.
    """
    place = place or Place("/api/ws")
    dice = random.Random(seed)  # noqa: S311 - the same storm each time
    sent = 0
    while sent < count:
        some = [dice.choice(place.messages)(dice) for _ in range(FRAMES_AT_ONCE - 1)]
        turn = sent // FRAMES_AT_ONCE
        breaks = turn % 2 == 0  # else it has to go on, or to say why not
        some.append((BREAKING[turn // 2 % len(BREAKING)] if breaks else place.messages[0])(dice))
        with opened(console, place.path) as connection:
            _begin(connection, place)
            _pour(connection, some, breaks=breaks)
            heard = _heard(connection)
        told = Counter(_CODES.findall(heard))
        assert not told.keys() & _FAULTS and _FAULT not in heard, heard[-2000:]
        assert breaks or b'"the end"' in heard or _CLOSED.search(heard), heard[-2000:]
        if codes is not None:
            codes.update(code.decode() for code in told.elements())
        sent += len(some)
        yield sent


def _begin(connection: socket.socket, place: Place) -> None:
    connection.sendall(place.first)
    heard = b""
    while place.ready not in heard:
        piece = connection.recv(65536)
        assert piece, heard
        heard += piece


def _pour(connection: socket.socket, frames: list[bytes], *, breaks: bool) -> None:
    try:
        for one in [*frames, frame(b'{"type":"ping","id":"the end"}')]:
            connection.sendall(one)
        if breaks:  # half a frame may be waited for: nothing more comes
            connection.shutdown(socket.SHUT_WR)
    except OSError:
        return  # it was closed on the way, as it may be


def _heard(connection: socket.socket) -> bytes:
    """All that comes up to the answer to the last message, or to the end."""
    heard = b""
    try:
        while b'"the end"' not in heard[-70_000:] and (piece := connection.recv(65536)):
            heard += piece
    except ConnectionError:
        pass  # an answer may be lost by what was sent after it
    return heard


def left_behind(console: Served) -> dict[str, int]:
    found: dict[str, int] = requests.get(
        f"{console.stack.url}/left-behind", timeout=ANSWER_S
    ).json()
    return found


def come_and_leave(console: Served, count: int) -> None:
    """In each way somebody may leave, mostly without a word."""
    for number in range(count):
        way = number % 5
        path = ("/api/ws", "/ws/dashboard", "/ws/events", "/ws/metrics", "/ws/nothing")[
            number % 7 % 5
        ]
        try:
            connection = opened(console, path, cookie=way != 4)
        except ConnectionError:
            continue
        with connection:
            if way in (1, 2):
                connection.sendall(frame(b'{"type":"subscribe","topic":"hosts"}'))
            if way == 2:
                connection.recv(65536)
            if way == 3:
                connection.sendall(frame(struct.pack("!H", 1000), opcode=8))
            if number % 2:  # cut, and not closed
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def until_as(console: Served, before: dict[str, int], *, within_s: float = 40.0) -> dict[str, int]:
    """What is left once it is no more than before, or after that time."""
    deadline = time.monotonic() + within_s
    while any((now := left_behind(console))[name] > before[name] for name in before):
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)  # the server looks once a second for who is gone
    return now


MESSAGES_OF_STORM: Final = 4000
_PUBLISHING: Final = """
from sites import live
for n in range({count}):
    live.publish(["hosts"], {{"type": "hosts.update", "n": n, "items": [], "filler": "x" * 8000}})
assert live.flush(timeout_s=60)
"""


def told_slowly(console: Served) -> list[dict[str, Any]]:
    """What a client gets that reads only when far more was told than buffers hold."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # the system's grow to 32 MB
    narrow.connect(("127.0.0.1", console.stack.port))
    with console.socket(sock=narrow, max_size=None, max_queue=1) as slow:
        slow.send('{"type":"subscribe","topic":"hosts","ids":[]}')
        found = [json.loads(slow.recv(ANSWER_S))]
        program = _PUBLISHING.format(count=MESSAGES_OF_STORM)
        console.stack.manage("shell", "--no-imports", "-c", program)
        while len(found) == 1 or found[-1]["type"] != "subscribed":  # all there is, once more
            found.append(json.loads(slow.recv(ANSWER_S)))
    return found


def is_right(found: list[dict[str, Any]]) -> bool:
    """In order; and what is missing was said, with all there is after it."""
    numbers = [one["n"] for one in found if "n" in one]
    kinds = [one.get("code") or one["type"] for one in found]
    behind = kinds.index("behind")
    return (
        numbers == sorted(set(numbers))
        and len(numbers) < MESSAGES_OF_STORM
        and "subscribed" in kinds[behind:]
    )


def main(frames: int = 10_000, visits: int = 10_000) -> int:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as console:
        with console.socket() as well:
            began = time.monotonic()
            for _ in malformed(console, frames):
                well.send(_PING.decode())
                assert json.loads(well.recv(ANSWER_S))["type"] in ("pong", "ping")
            print(f"{frames} malformed frames in {time.monotonic() - began:.0f} s,"
                  f" tracebacks: {console.said().count('Traceback')}")  # fmt: skip
        come_and_leave(console, 50)
        before = until_as(console, dict.fromkeys(left_behind(console), 0), within_s=3.0)
        began = time.monotonic()
        come_and_leave(console, visits)
        took = time.monotonic() - began
        after = until_as(console, before)
        print(f"{visits} visits in {took:.0f} s: {before} before, {after} after,"
              f" tracebacks: {console.said().count('Traceback')}")  # fmt: skip
    return int(any(after[name] > before[name] for name in before))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
