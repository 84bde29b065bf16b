"""From a change on a host to a message at a socket; from a click to the operation's end.

Both against the same thing done by hand in the same run: Docker's event stream read raw from the
engine's own socket, and the restart called raw on it.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import docker

from tests.benchmarks.figures import Figure, median, percentile
from tests.stack import Client, Stack, add_lab_host

ROUNDS = 60
WAIT_S = 15


def change_to_socket(running: Stack, host: Any, engine: str) -> list[Figure]:
    """Stops and starts a container by the docker CLI; how much later than Docker's own stream?"""
    api = docker.APIClient(base_url=f"unix://{host.docker_socket_outside}")
    container = api.inspect_container("legacy")["Id"]
    later: list[float] = []
    with running.client().socket() as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": "containers"}))
        wanted = _Arrivals(socket, container)
        raw = _RawEvents(api, container)
        for turn in range(ROUNDS):
            verb, action, state = [("stop", "die", "exited"), ("start", "start", "running")][
                turn % 2
            ]
            wanted.forget()
            raw.forget()
            host.docker(verb, *(["-t", "5"] if verb == "stop" else []), "legacy")
            seen = raw.wait(action)
            later.append((wanted.wait(state) - seen) * 1000)
    against = "Docker's event stream read raw in the same run"
    return [
        Figure("change on a host -> socket, p50", engine, median(later), "ms", against, 25),
        Figure(
            "change on a host -> socket, p99", engine, percentile(later, 0.99), "ms", against, 150
        ),
    ]


def click_to_end(running: Stack, host: Any, engine: str, *, rounds: int = 20) -> list[Figure]:
    """Restarts by the API, followed on a socket to "completed", in turn with the raw call."""
    api = docker.APIClient(base_url=f"unix://{host.docker_socket_outside}")
    client = running.client()
    key = _container(client, host.name, "legacy")
    extra: list[float] = []
    with client.socket() as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": "operations"}))
        for turn in range(rounds + 3):
            begun = time.perf_counter()
            api.restart("legacy", timeout=5)
            raw = time.perf_counter() - begun
            ours = _restart(client, socket, key)
            if turn >= 3:  # the first ones open each worker's connection to the host
                extra.append((ours - raw) * 1000)
    return [
        Figure("restart, click -> completed, p50 beyond raw", engine, median(extra), "ms",
               "the same restart called raw on the engine", 150),
        Figure("restart, click -> completed, p95 beyond raw", engine, percentile(extra, 0.95), "ms",
               "the same restart called raw on the engine"),
    ]  # fmt: skip


def black_hole(running: Stack, dead: Any, well: Any, engine: str) -> list[Figure]:
    """One host vanishes: how much slower are actions on the other, and how soon is it known?"""
    client = running.client()
    key = _container(client, well.name, "legacy")
    before = _restarts(client, key)
    dead.black_hole()
    try:
        gone = time.monotonic()
        during = _restarts(client, key)
        unknown_s = _until(client, dead.name, lambda state: state == "unknown") - gone
    finally:
        dead.heal()
    healed = time.monotonic()
    back_s = _until(client, dead.name, lambda state: state != "unknown") - healed
    return [
        Figure("restart on a host while another is gone", engine, during / before, "x",
               "the same before it vanished", 1.2),
        Figure("host gone -> its containers unknown", engine, unknown_s, "s", "the moment", 60),
        Figure("host back -> its containers known", engine, back_s, "s", "the moment", 15),
    ]  # fmt: skip


def _restarts(client: Client, key: int, *, rounds: int = 9) -> float:
    taken = []
    with client.socket() as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": "operations"}))
        for _ in range(rounds):
            taken.append(_restart(client, socket, key))
    return median(taken)


def _restart(client: Client, socket: Any, key: int) -> float:
    begun = time.perf_counter()
    answer = client.post(f"/containers/{key}/restart", {"grace_s": 5})
    answer.raise_for_status()
    number = answer.json()["id"]
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        message = json.loads(socket.recv(timeout=WAIT_S))
        for item in message.get("items", []):
            if message["type"] == "operations.update" and item["id"] == number:
                if item["status"] == "succeeded":
                    return time.perf_counter() - begun
                if item["status"] == "failed":
                    raise RuntimeError(item["message"])
    raise TimeoutError(f"operation {number} did not end")


def _container(client: Client, host: str, name: str) -> int:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        rows = client.get("/containers", host=host, search=name)["items"]
        if rows and rows[0]["state"] == "running":
            key: int = rows[0]["id"]
            return key
        time.sleep(0.1)  # only until it is known; what is measured comes later
    raise TimeoutError(f"{name} on {host} is not known to be running")


def _until(client: Client, host: str, reached: Any, *, within_s: float = 90) -> float:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        rows = client.get("/containers", host=host)["items"]
        if rows and all(reached(row["state"]) for row in rows):
            return time.monotonic()
        time.sleep(0.1)
    raise TimeoutError(f"containers of {host} did not get there")


class _RawEvents:
    """Docker's own stream, read by a thread that notes when each action came."""

    def __init__(self, api: Any, container: str) -> None:
        self._seen: dict[str, float] = {}
        self._came = threading.Condition()
        stream = api.events(decode=True, filters={"container": container})
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: Any) -> None:
        for event in stream:
            with self._came:
                self._seen.setdefault(event["Action"], time.monotonic())
                self._came.notify_all()

    def forget(self) -> None:
        with self._came:
            self._seen.clear()

    def wait(self, action: str) -> float:
        with self._came:
            if not self._came.wait_for(lambda: action in self._seen, WAIT_S):
                raise TimeoutError(action)
            return self._seen[action]


class _Arrivals:
    """The socket, read by a thread that notes when each state of one container came."""

    def __init__(self, socket: Any, container: str) -> None:
        self._container = container
        self._seen: dict[str, float] = {}
        self._came = threading.Condition()
        threading.Thread(target=self._read, args=(socket,), daemon=True).start()

    def _read(self, socket: Any) -> None:
        for text in socket:
            at = time.monotonic()
            message = json.loads(text)
            if message["type"] != "containers.update":
                continue
            with self._came:
                for item in message["items"]:
                    if item["docker_id"] == self._container:
                        self._seen.setdefault(item["state"], at)
                self._came.notify_all()

    def forget(self) -> None:
        with self._came:
            self._seen.clear()

    def wait(self, state: str) -> float:
        with self._came:
            if not self._came.wait_for(lambda: state in self._seen, WAIT_S):
                raise TimeoutError(state)
            return self._seen[state]


def register(running: Stack, lab: Any) -> None:
    add_lab_host(running, lab.web1)
    add_lab_host(running, lab.web2, sudo=True)
