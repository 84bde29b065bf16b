"""A real Caddy for a file of tests, and a site behind it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import bcrypt
import pytest

from provisioning.drivers.caddy_config import found
from provisioning.drivers.caddy_load import load
from provisioning.drivers.caddy_vhost import Vhost
from tests.lab.command import wait_until
from tests.provisioning.drivers.caddy_process import Caddy, backend, running

HASH: Final = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    with running(tmp_path_factory.mktemp("caddy")) as started:
        yield started


@pytest.fixture(scope="module")
def shop(caddy: Caddy) -> Iterator[str]:
    with backend("shop") as address:
        yield caddy.upstream("shop.web", address)


@pytest.fixture(autouse=True)
def _nothing_left(caddy: Caddy) -> Iterator[None]:
    yield
    load(caddy.admin, dict.fromkeys(found(caddy.admin.read().config)), clean=True)


def internal(name: str, upstream: str = "", **values: Any) -> Vhost:
    return Vhost(name, upstream, tls="internal", **values)


def serve_all(caddy: Caddy, *vhosts: Vhost) -> None:
    assert load(caddy.admin, caddy.blocks(*vhosts)) == {}
    for vhost in vhosts:
        caddy.wait_certificate(vhost.name, tls=vhost.tls != "off")


def has_text(file: Path) -> bool:
    return file.exists() and bool(file.read_text())


def login(user: str, password: str) -> dict[str, Any]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Load:
    """Asks for some of the good sites without a pause, and remembers every wrong answer."""

    def __init__(self, caddy: Caddy, names: list[str]) -> None:
        self.asked = 0
        self.wrong: list[str] = []
        self.texts: set[str] = set()
        self._caddy, self._names, self._ended = caddy, names, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in (0, 1)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def go_on(self) -> None:
        """Until some more requests have had their answers."""
        enough = self.asked + 5
        wait_until(lambda: self.asked >= enough, what="requests are answered")

    def _run(self, first: int) -> None:
        for name in self._endless(self._names[first::2]):
            try:
                answer = self._caddy.get(name)
            except OSError as error:
                self.wrong.append(f"{name}: {error!r}")
            else:
                self.texts.add(answer.text)
                self.wrong += [] if answer.status == 200 else [f"{name}: {answer.status}"]
            self.asked += 1

    def _endless(self, names: list[str]) -> Iterator[str]:
        while True:
            for name in names:
                if self._ended.is_set():
                    return
                yield name
