"""Terminals opened and left on a real host: nothing of them stays. ``python -m`` for many.

python -m tests.siteflow.terminals.coming [10000]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.lab import Lab
from tests.stack import Client, Stack, add_lab_host, stack

AT_ONCE = 4
WAIT_S = 60.0
TOLD_EVERY = 1_000
COUNTED = ("-m", "tests.siteflow.counted")


class NotOpenedError(RuntimeError):
    """What was told instead."""


@dataclass(frozen=True)
class Left:
    """What a web process and a container hold."""

    descriptors: int
    threads: int
    processes: int


def tasks(running: Stack) -> int:
    """Of the sockets; only a web process as in `counted.py` tells."""
    told = requests.get(f"{running.url}/left-behind", timeout=WAIT_S).json()
    return int(told["socket tasks"])


def held(running: Stack, host: Any) -> Left:
    (web,) = running.processes("web")
    tasks = Path(f"/proc/{web}")
    return Left(
        len(list((tasks / "fd").iterdir())),
        len(list((tasks / "task").iterdir())),
        len(host.docker("top", "legacy", "-eo", "pid").split()) - 1,
    )


def container(client: Client, host: Any) -> int:
    found = client.get("/containers", host=host.name, search="legacy")["items"]
    return int(next(one["id"] for one in found if one["name"] == "legacy"))


@contextmanager
def entered(client: Client, key: int, *command: str) -> Iterator[ClientConnection]:
    with at_terminal(client, f"/ws/containers/{key}/exec", *command) as (socket, _):
        yield socket


@contextmanager
def at_terminal(client: Client, path: str, *command: str) -> Iterator[tuple[ClientConnection, int]]:
    """Something that runs, and the number of its session. No command: a shell."""
    cookies = "; ".join(f"{one.name}={one.value}" for one in client.session.cookies)
    address = client.url.replace("http", "ws") + path
    with connect(
        address, additional_headers={"Cookie": cookies}, origin=Origin(client.url), max_size=None
    ) as socket:
        start = {"type": "start", **({"command": list(command)} if command else {})}
        socket.send(json.dumps(start))
        while '"started"' not in (said := str(socket.recv(timeout=WAIT_S))):
            if '"error"' in said:
                raise NotOpenedError(said)
        yield socket, int(json.loads(said)["session"])


def come_and_go(client: Client, key: int, times: int, *, refused: list[str] | None = None) -> None:
    """Some leave with a word, some with none.

    Those to whom it was told that a connection to the host broke go to ``refused``, if given.
    """

    def once(number: int) -> None:
        try:
            with entered(client, key, "sh") as socket:
                socket.send(b"echo here\n")
                if number % 3 == 0:
                    socket.send('{"type":"close"}')
        except NotOpenedError as error:
            if refused is None or '"reconnect":true' not in str(error):
                raise
            refused.append(str(error))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(once, range(times)))


def until(condition: Callable[[], bool], what: str) -> float:
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > WAIT_S:
            raise TimeoutError(what)
        time.sleep(0.1)  # until the condition holds
    return time.monotonic() - begun


def back_to(before: Left, running: Stack, host: Any, *, slack: int = 0) -> None:
    def is_back() -> bool:
        now = held(running, host)
        return (
            now.processes <= before.processes
            and now.descriptors <= before.descriptors + slack
            and now.threads <= before.threads + slack
        )

    try:
        until(is_back, "it is as before")
    except TimeoutError:
        raise TimeoutError(f"{before} -> {held(running, host)}") from None


def many(running: Stack, client: Client, host: Any, key: int, times: int) -> None:
    """What is held is told on the way, as this takes its time."""
    (web,) = running.processes("web")
    refused: list[str] = []
    before, begun = held(running, host), time.monotonic()
    print(f"before: {before}, {tasks(running)} tasks", flush=True)
    for done in range(0, times, TOLD_EVERY):
        come_and_go(client, key, min(TOLD_EVERY, times - done), refused=refused)
        took_s = time.monotonic() - begun
        back_to(before, running, host, slack=3)
        assert running.processes("web") == [web], "it is not the same process any more"
        now = min(times, done + TOLD_EVERY)
        print(f"{now} in {took_s:.0f} s: {held(running, host)}, {tasks(running)} tasks,"
              f" not opened: {len(refused)}", flush=True)  # fmt: skip
    print(*refused, sep="\n")


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    # Who has left does not wait for the end of what ran, so more are open at once than come.
    with Lab.start() as lab, stack(serves=COUNTED, TERMINALS_PER_ACCOUNT="1000") as running:
        add_lab_host(running, lab.web1)
        client = running.client()
        until(lambda: bool(client.get("/containers", search="legacy")["items"]), "it was read")
        key = container(client, lab.web1)
        come_and_go(client, key, 30)  # connections and threads that are kept are there then
        time.sleep(8)  # what has just been used may be kept for a moment
        many(running, client, lab.web1, key, times)


if __name__ == "__main__":
    main()
