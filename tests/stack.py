"""A whole SiteFlow, started as a user starts it: supervisor, web, worker and monitor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests
from psycopg.sql import SQL, Identifier
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.databases import free_port

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"
SERVES = ("manage.py", "serve")
READY_S = 60


class NotReadyError(RuntimeError):
    """SiteFlow did not come up; the message holds the end of its log."""


class Stack:
    """Processes of one data folder. ``url`` is where the console answers."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], *, serves: Sequence[str] = SERVES
    ) -> None:
        self.folder = folder
        self.serves = serves
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name != "DJANGO_SETTINGS_MODULE"
            },
            "SITEFLOW_DATA_DIR": str(folder / "data"),
            "SITEFLOW_PORT": str(self.port),
            "SITEFLOW_ADMIN_PASSWORD": PASSWORD,
            "SITEFLOW_RATE_ANONYMOUS": "0",  # all tests ask from one address, faster than anybody
            "SITEFLOW_RATE_USER": "0",
            "SITEFLOW_RATE_CHANGES": "0",
            **variables,
        }
        self.supervisor: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Runs a management command; its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check and done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def manage_json(self, *arguments: str) -> Any:
        return json.loads(self.manage(*arguments, "--json"))

    def start(self) -> None:
        """Starts `serve` and waits until the web process is ready."""
        if self.supervisor is not None:  # it was killed
            self.supervisor.wait(READY_S)
        with self.log.open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, *self.serves],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_ready()

    def wait_ready(self, *, within_s: float = READY_S) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/api/health/live", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise NotReadyError(self.log.read_text(errors="replace")[-3000:])

    def stop(self) -> None:
        if self.supervisor is None:
            return
        self.supervisor.send_signal(signal.SIGTERM)
        try:
            self.supervisor.wait(30)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            self.supervisor.wait()
        self.supervisor = None

    def processes(self, role: str) -> list[int]:
        """The processes of web, worker, monitor or supervisor, oldest first, from /proc."""
        words = {
            "web": b"siteflow.web",
            "worker": b"qcluster",
            "monitor": b"monitor",
            "supervisor": b"siteflow.supervisor",
        }
        mine = f"SITEFLOW_DATA_DIR={self.folder / 'data'}".encode()
        return sorted(
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
            and words[role] in _read(entry / "cmdline").split(b"\0")
            and mine in _read(entry / "environ").split(b"\0")
        )

    def client(self, username: str = "admin", password: str = PASSWORD) -> Client:
        return Client(self.url, username, password)


class Client:
    """Somebody who is logged in: requests with cookies and CSRF token, and sockets."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self.session = requests.Session()
        login = f"{url}/admin/login/"
        self.session.get(login, timeout=10)
        form = {"username": username, "password": password, "next": "/admin/"}
        answer = self.session.post(
            login, data={**form, "csrfmiddlewaretoken": self.csrf}, timeout=10
        )
        if "sessionid" not in self.session.cookies:
            raise NotReadyError(f"login of {username} failed: {answer.status_code}")

    @property
    def csrf(self) -> str:
        return self.session.cookies.get("csrftoken") or ""

    def get(self, path: str, **params: Any) -> Any:
        answer = self.session.get(f"{self.url}/api{path}", params=params, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any, **headers: str) -> requests.Response:
        return self.session.request(
            method,
            f"{self.url}/api{path}",
            json=body if body is not None else {},
            headers={"X-CSRFToken": self.csrf, "Referer": self.url, **headers},
            timeout=30,
        )

    def wait(self, operation: int, *, within_s: float = 60) -> Any:
        """The operation once it has ended."""
        deadline = time.monotonic() + within_s
        while (row := self.get(f"/operations/{operation}"))["status"] in {"queued", "running"}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"operation {operation} is {row['status']} after {within_s} s")
            time.sleep(0.05)
        return row

    @contextmanager
    def socket(self) -> Iterator[ClientConnection]:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        with connect(
            f"{self.url.replace('http', 'ws')}/api/ws",
            additional_headers={"Cookie": cookies},
            origin=Origin(self.url),
            max_size=None,
        ) as socket:
            yield socket


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextmanager
def stack(*, serves: Sequence[str] = SERVES, **variables: str) -> Iterator[Stack]:
    """A prepared and running SiteFlow on a data folder of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="siteflow-stack-"))
    try:
        with database_of_its_own(
            variables.get("DATABASE_URL") or os.environ.get("DATABASE_URL")
        ) as own:
            running = Stack(folder, {**variables, **own}, serves=serves)
            try:
                running.manage("prepare")
                running.start()
                yield running
            finally:
                running.stop()
                print(_read(running.log).decode(errors="replace"))  # shown when a test fails
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database_of_its_own(url: str | None) -> Iterator[dict[str, str]]:
    """On PostgreSQL a new database beside the given one; on SQLite the data folder has its own."""
    if not url:
        yield {}
        return
    name = f"siteflow_{uuid.uuid4().hex[:8]}"
    server, _, _ = url.rpartition("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield {"DATABASE_URL": f"{server}/{name}"}
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def add_lab_host(running: Stack, host: Any, *, sudo: bool = False) -> None:
    """Registers a host of the lab by the command line and approves the key it really has."""
    arguments = ["--ssh", f"{host.user}@{host.address}:{host.port}"]
    arguments += ["--key-file", str(host.private_key_file)]
    running.manage("host", "add", host.name, *arguments, *(["--sudo"] if sudo else []))
    running.manage("host", "approve-key", host.name, "--fingerprint", host.fingerprint)
