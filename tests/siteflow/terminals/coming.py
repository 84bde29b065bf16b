"""Terminals opened and left on a real host: nothing of them stays. ``python -m`` for many.

    python -m tests.siteflow.terminals.coming [10000]

At the end the web process is killed while one is open, and the monitor has to end what runs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.lab import Lab
from tests.stack import Client, Stack, add_lab_host, stack

AT_ONCE = 4
WAIT_S = 60.0


@dataclass(frozen=True)
class Left:
    """What a web process and a container hold."""

    descriptors: int
    threads: int
    processes: int


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
    cookies = "; ".join(f"{one.name}={one.value}" for one in client.session.cookies)
    address = f"{client.url.replace('http', 'ws')}/ws/containers/{key}/exec"
    with connect(
        address, additional_headers={"Cookie": cookies}, origin=Origin(client.url), max_size=None
    ) as socket:
        socket.send(json.dumps({"type": "start", "command": list(command)}))
        while '"started"' not in (said := str(socket.recv(timeout=WAIT_S))):
            assert '"error"' not in said, said
        yield socket


def come_and_go(client: Client, key: int, times: int) -> None:
    """Some leave with a word, some with none."""

    def once(number: int) -> None:
        with entered(client, key, "sh") as socket:
            socket.send(b"echo here\n")
            if number % 3 == 0:
                socket.send('{"type":"close"}')

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

    until(is_back, f"{held(running, host)} is back to {before}")


def ended_after_a_kill(running: Stack, client: Client, key: int, host: Any) -> float:
    """Seconds from the death of the web process to the end of what ran in its terminal."""

    def runs() -> bool:
        return "sleep 4714" in host.docker("top", "legacy")

    with entered(client, key, "sleep", "4714"):
        until(runs, "it runs")
        for pid in running.processes("web"):
            os.kill(pid, signal.SIGKILL)
        return until(lambda: not runs(), "what ran in a terminal has ended")


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with Lab.start() as lab, stack() as running:
        add_lab_host(running, lab.web1)
        client = running.client()
        until(lambda: bool(client.get("/containers", search="legacy")["items"]), "it was read")
        key = container(client, lab.web1)
        come_and_go(client, key, 30)  # connections and threads that are kept are there then
        time.sleep(8)  # what has just been used may be kept for a moment
        before, begun = held(running, lab.web1), time.monotonic()
        come_and_go(client, key, times)
        took_s = time.monotonic() - begun
        back_to(before, running, lab.web1, slack=3)
        print(f"{times} in {took_s:.0f} s: {before} -> {held(running, lab.web1)}")
        print(f"killed: ended after {ended_after_a_kill(running, client, key, lab.web1):.0f} s")


if __name__ == "__main__":
    main()
