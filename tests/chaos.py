"""Kills of SiteFlow's processes at random moments under load, and what must hold all the same."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker
import requests

from tests.lab.images import BUSYBOX
from tests.stack import Client, Stack

STAY = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"
ROLES = ("worker", "monitor", "web", "everything")
ENDED_WITHIN_S = 60


@dataclass
class Report:
    """``restarts`` as Docker's own events count them, ``accepted`` as our answers did."""

    kills: Counter[str] = field(default_factory=Counter)
    accepted: dict[int, str] = field(default_factory=dict)  # operation → docker id
    statuses: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    succeeded: Counter[str] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)
    stuck: list[int] = field(default_factory=list)

    @property
    def twice(self) -> dict[str, int]:
        """Containers restarted more often than operations for them were accepted."""
        asked = Counter(self.accepted.values())
        return {key: many for key, many in self.restarts.items() if many > asked[key]}

    @property
    def untrue(self) -> dict[str, int]:
        """Containers restarted less often than operations say they were."""
        return {key: many for key, many in self.succeeded.items() if self.restarts[key] < many}


class Torment:
    """Load on some containers of one host, and a hand that kills."""

    def __init__(self, running: Stack, host: Any, *, seed: int, containers: int = 4) -> None:
        self.running, self.host = running, host
        self.random = random.Random(seed)  # noqa: S311  (the moments are to be repeatable)
        self.names = [f"load-{number}" for number in range(containers)]
        self.report = Report()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._api = docker.APIClient(base_url=f"unix://{host.docker_socket_outside}")

    def run(self, kills: int, *, between_s: tuple[float, float] = (0.0, 2.0)) -> Report:
        for name in self.names:
            self.host.docker("run", "--detach", f"--name={name}", BUSYBOX, "sh", "-c", STAY)
        threads = [threading.Thread(target=self._count, daemon=True)]
        targets = self._targets(self.running.client())
        threads += [threading.Thread(target=self._load, args=(target,)) for target in targets]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            self._work_goes_on()
            self._over.wait(self.random.uniform(*between_s))
            self._kill(self.random.choice(ROLES))
        self._over.set()
        for thread in threads[1:]:
            thread.join()
        self._settle()
        return self.report

    def _work_goes_on(self, *, more: int = 3) -> None:
        """Until some operations were accepted since the last kill, so that it hits work."""
        enough = len(self.report.accepted) + more
        deadline = time.monotonic() + ENDED_WITHIN_S
        while len(self.report.accepted) < enough and time.monotonic() < deadline:
            self._over.wait(0.05)

    def _targets(self, client: Client) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            rows = client.get("/containers", host=self.host.name, search="load-")["items"]
            if len(rows) == len(self.names):
                return list(rows)
            time.sleep(0.2)
        raise TimeoutError("the load's containers are not known")

    def _load(self, target: dict[str, Any]) -> None:
        client = None
        while not self._over.is_set():
            try:
                client = client or self.running.client()
                self._restart_once(client, target)
            except (requests.RequestException, RuntimeError):
                client = None  # the web process is gone: log in again
                self._over.wait(0.2)

    def _restart_once(self, client: Client, target: dict[str, Any]) -> None:
        """Asks with one key until an answer comes, so that a lost answer asks for nothing more."""
        key = uuid.uuid4().hex
        while True:
            try:
                path = f"/containers/{target['id']}/restart"
                answer = client.post(path, {"grace_s": 2}, **{"Idempotency-Key": key})
                break
            except requests.RequestException:
                client = self._client_again()
        if answer.status_code == 202:
            with self._lock:
                self.report.accepted[answer.json()["id"]] = target["docker_id"]
            client.wait(answer.json()["id"], within_s=ENDED_WITHIN_S * 2)

    def _client_again(self) -> Client:
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.running.client()
            except (requests.RequestException, RuntimeError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _kill(self, role: str) -> None:
        self.report.kills[role] += 1
        if role == "everything":
            for each in ("supervisor", "web", "worker", "monitor"):
                self._kill_all(self.running.processes(each))
            self.running.start()
            return
        processes = self.running.processes(role)
        if processes:
            _kill(self.random.choice(processes))

    def _kill_all(self, processes: list[int]) -> None:
        for process in processes:
            _kill(process)

    def _count(self) -> None:
        """Docker's own word on what was done."""
        for event in self._api.events(decode=True, filters={"event": "restart"}):
            self.report.restarts[event["Actor"]["ID"]] += 1

    def _settle(self) -> None:
        client = self._client_again()
        deadline = time.monotonic() + ENDED_WITHIN_S
        waiting = set(self.report.accepted)
        while waiting and time.monotonic() < deadline:
            waiting = {key for key in waiting if _status(client, key) in {"queued", "running"}}
            time.sleep(0.2)
        self.report.stuck = sorted(waiting)
        for key, container in self.report.accepted.items():
            row = _row(client, key)
            if row is None:
                self.report.lost.append(key)
                continue
            self.report.statuses[row["status"]] += 1
            if row["status"] == "succeeded":
                self.report.succeeded[container] += 1
            else:
                self.report.messages[row["message"]] += 1


def _row(client: Client, key: int) -> Any:
    try:
        return client.get(f"/operations/{key}")
    except requests.HTTPError:
        return None


def _status(client: Client, key: int) -> str:
    row = _row(client, key)
    return str(row["status"]) if row else "lost"


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
