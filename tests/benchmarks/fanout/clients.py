"""A process with many sockets that does as little as it can, so that it is not what is measured.

``python -m tests.benchmarks.fanout.clients PORT PATH COUNT COOKIE TOPIC`` prints "ready" when all
are subscribed. Each line of stdin is a number of messages that every client is to get: it answers
with what came, as JSON, when all have come or nothing has for five seconds.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from typing import Any, Final

SILENCE_S: Final = 5.0
AT_ONCE: Final = 20
_STAMP: Final = re.compile(rb'"sent":([0-9.]+),"n":(\d+)')
_OPCODE, _PING, _MASK, _FIN = 0x0F, 0x9, 0x80, 0x80


class Client:
    """One connection: frames in, and what the stamps in them say."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.buffer = b""
        self.last = -1  # the number of the latest message
        self.came = self.unordered = 0
        head = [
            f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Cookie: {cookie}",
        ]  # fmt: skip
        self.socket.sendall("\r\n".join(head).encode() + b"\r\n\r\n")

    def is_open(self) -> None:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError(head)

    def say(self, payload: bytes, opcode: int = 1) -> None:
        """Masked with zeros; no longer than 125 bytes."""
        frame = bytes((_FIN | opcode, _MASK | len(payload))) + bytes(4) + payload
        self.socket.sendall(frame)

    def wait_for(self, words: bytes) -> None:
        while not any(words in payload for payload in self.payloads()):
            self._more()

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a socket")
        self.buffer += data

    def payloads(self) -> list[bytes]:
        """Of the whole messages that have come; pings are answered on the way."""
        found = []
        while (end := _end_of(self.buffer)) is not None:
            begin, stop = end
            if self.buffer[0] & _OPCODE == _PING:
                self.say(self.buffer[begin:stop], opcode=0xA)
            else:
                found.append(self.buffer[begin:stop])
            self.buffer = self.buffer[stop:]
        return found

    def read(self, later: list[float]) -> None:
        self._more()
        now = time.monotonic()
        for payload in self.payloads():
            if found := _STAMP.search(payload, 0, 120):
                number = int(found[2])
                self.unordered += number != self.last + 1
                self.last = number
                self.came += 1
                later.append(now - float(found[1]))


def _end_of(buffer: bytes) -> tuple[int, int] | None:
    """Where the first frame's payload begins and ends; None while it is not whole."""
    if len(buffer) < 4:
        return None if len(buffer) < 2 or buffer[1] else (2, 2)
    length, begin = buffer[1] & 0x7F, 2
    if length == 126:
        length, begin = int.from_bytes(buffer[2:4]), 4
    elif length == 127:
        if len(buffer) < 10:
            return None
        length, begin = int.from_bytes(buffer[2:10]), 10
    return (begin, begin + length) if len(buffer) >= begin + length else None


def opened(port: int, path: str, count: int, cookie: str, topic: str) -> list[Client]:
    clients: list[Client] = []
    while len(clients) < count:
        some = [Client(port, path, cookie) for _ in range(min(AT_ONCE, count - len(clients)))]
        for client in some:
            client.is_open()
            if topic:
                client.say(json.dumps({"type": "subscribe", "topic": topic, "ids": []}).encode())
        for client in some:
            client.wait_for(b'"subscribed"')
            client.socket.setblocking(False)
        clients += some
    return clients


def listen(clients: list[Client], waiting: selectors.BaseSelector, count: int) -> dict[str, Any]:
    later: list[float] = []
    for client in clients:
        client.came = client.unordered = 0
    print("listening", flush=True)
    heard = time.monotonic()
    while len(later) < count * len(clients) and time.monotonic() - heard < SILENCE_S:
        for key, _ in waiting.select(timeout=1.0):
            heard = time.monotonic()
            key.data.read(later)
    used = os.times()
    return {
        "came": len(later),
        "unordered": sum(client.unordered for client in clients),
        "latencies_ms": [round(one * 1000, 2) for one in later],
        "cpu_s": used.user + used.system,
    }


def main(port: str, path: str, count: str, cookie: str, topic: str) -> None:
    clients = opened(int(port), path, int(count), cookie, topic)
    with selectors.DefaultSelector() as waiting:
        for client in clients:
            waiting.register(client.socket, selectors.EVENT_READ, client)
        print("ready", flush=True)
        while line := _idle_until_told(waiting):
            print(json.dumps(listen(clients, waiting, int(line))), flush=True)


def _idle_until_told(waiting: selectors.BaseSelector) -> str:
    """The next line of stdin; meanwhile pings are answered. Empty at the end."""
    with selectors.DefaultSelector() as own:
        own.register(sys.stdin, selectors.EVENT_READ)
        while not own.select(timeout=0.0):
            for key, _ in waiting.select(timeout=0.1):
                key.data.read([])
    return sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
