"""The running web process, sent each header with every value byte by byte, legal or not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from siteflow.supervisor.roles import PROJECT, web
from tests.databases import free_port
from tests.hostile.corpus import Corpus
from tests.hostile.test_headers import DECIDING, NOTED
from tests.siteflow.test_web import _wait_until_it_answers, say

MAX_BYTES: Final = 20_000  # headers in all have a limit, which is tried elsewhere
ASKED: Final = b"GET /api/containers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A web process on a prepared SQLite, and its log."""
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "siteflow.settings",
        "SITEFLOW_DATA_DIR": str(folder),
        "SITEFLOW_RATE_ANONYMOUS": "0",
        "SITEFLOW_ADMIN_PASSWORD": "of-the-test",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    prepare = [sys.executable, "manage.py", "prepare"]
    subprocess.run(prepare, cwd=PROJECT, env=variables, check=True, capture_output=True)
    argv, log = web(host="127.0.0.1", port=port).argv, folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(argv, cwd=PROJECT, env=variables, stdout=file, stderr=file)
    try:
        _wait_until_it_answers(port, log)
        yield port, log
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", [*NOTED, *DECIDING])
def test_a_header(name: str, served: tuple[int, Path], corpus: Corpus) -> None:
    """Each answer comes from us, in the one shape, and none is a failure of ours."""
    port, log = served
    for value in corpus.page_share(len(name)):
        text = value.text.encode("utf-8", "surrogatepass")
        if len(text) > MAX_BYTES:
            continue
        before = ASKED.replace(b"Host: localhost\r\n", b"") if name == "Host" else ASKED
        status, headers, body = say(port, before + name.encode() + b": " + text + b"\r\n\r\n")
        assert status in (200, 400, 401, 403, 404, 431), (name, value, status, body)
        assert "Set-Cookie" not in headers or "sessionid=1" not in headers["Set-Cookie"]
        assert "X-Injected" not in headers and "Location" not in headers, (name, value)
    assert_plain(log.read_bytes())


def assert_plain(log: bytes) -> None:
    """No line of the log is anybody else's, and nothing in it steers a terminal."""
    assert not set(log) & (set(range(32)) - {10}), log[-2000:]
    lines = log.decode().splitlines()
    assert all(line.startswith("timestamp=") for line in lines), lines[-5:]


def test_it_still_answers(served: tuple[int, Path]) -> None:
    with socket.create_connection(("127.0.0.1", served[0]), timeout=15) as connection:
        connection.sendall(ASKED + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
