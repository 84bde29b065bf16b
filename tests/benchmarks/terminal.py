"""From a key to its echo: through SiteFlow, and by a bare ``docker exec`` over the same SSH.

Of SiteFlow twice: to the bytes at a client of the socket, and to the character that a browser drew.
"""

from __future__ import annotations

import os
import subprocess
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.terminal_page import drawn_by_browser
from tests.stack import Client, Stack

KEYS = 300
GOAL_MS = 60
READ_S = 60.0
WAIT_S = 15.0
Press = Callable[[bytes], float]


def figures(running: Stack, host: Any, engine: str) -> list[Figure]:
    """Both in turn, key by key, so that both see the same machine."""
    client = running.client()
    key = _container(client, host)
    ours: list[float] = []
    drawn: list[float] = []
    bare: list[float] = []
    with (
        through_siteflow(client, key) as press,
        drawn_by_browser(running, key) as press_key,
        by_ssh(host) as press_bare,
    ):
        for number in range(KEYS):
            letter = b"abcdefghijklmnopqrstuvwxyz"[number % 26 : number % 26 + 1]
            ours.append(press(letter))
            bare.append(press_bare(letter))
            drawn.append(press_key(letter))
    return [
        *_beyond("key -> echo", ours, bare, engine),
        *_beyond("key -> drawn in a browser", drawn, bare, engine),
    ]


def _beyond(what: str, ours: list[float], bare: list[float], engine: str) -> list[Figure]:
    against = "docker exec over ssh in the same run"
    figures = []
    for name, share, goal in (("p50", 0.5, None), ("p95", 0.95, GOAL_MS)):
        by_hand = percentile(bare, share)
        said = f"{against}: {name} {by_hand:.1f} ms"
        value = percentile(ours, share) - by_hand
        figures.append(Figure(f"{what}, {name} beyond bare", engine, value, "ms", said, goal))
    return figures


def _container(client: Client, host: Any) -> int:
    """Once the host was read for the first time."""
    deadline = time.monotonic() + READ_S
    while not (rows := client.get("/containers", host=host.name, search="legacy")["items"]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host.name} was not read")
        time.sleep(0.1)  # until it was
    return int(next(row["id"] for row in rows if row["name"] == "legacy"))


@contextmanager
def through_siteflow(client: Client, key: int) -> Iterator[Press]:
    cookies = "; ".join(f"{one.name}={one.value}" for one in client.session.cookies)
    address = f"{client.url.replace('http', 'ws')}/ws/containers/{key}/exec"
    with connect(
        address, additional_headers={"Cookie": cookies}, origin=Origin(client.url), max_size=None
    ) as socket:
        socket.send('{"type":"start","command":["cat"]}')
        while '"started"' not in str(socket.recv(timeout=WAIT_S)):
            pass
        yield lambda letter: _pressed(lambda: socket.send(letter), lambda: _bytes(socket), letter)
        socket.send('{"type":"close"}')


def _bytes(socket: ClientConnection) -> bytes:
    while not isinstance(said := socket.recv(timeout=WAIT_S), bytes):
        pass
    return said


@contextmanager
def by_ssh(host: Any) -> Iterator[Press]:
    """A terminal on both ends, as somebody at a shell would have it."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)  # or this side would echo by itself
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    argv = ["ssh", "-tt", "-p", str(host.port), "-i", str(host.private_key_file)]
    argv += [part for option in options for part in ("-o", option)]
    argv += [f"{host.user}@{host.address}", "docker exec -it legacy cat"]
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        time.sleep(3)  # until it is there it says nothing
        yield lambda letter: _pressed(
            lambda: os.write(ours, letter), lambda: os.read(ours, 65_536), letter
        )
    finally:
        process.terminate()
        process.wait()
        os.close(ours)


def _pressed(press: Callable[[], object], read: Callable[[], bytes], letter: bytes) -> float:
    """Milliseconds until it is shown."""
    begun = time.perf_counter()
    press()
    while letter not in read():
        pass
    return (time.perf_counter() - begun) * 1000
