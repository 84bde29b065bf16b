"""A PostgreSQL and a Redis of a run's own, on free ports of 127.0.0.1, gone when it ends."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

READY_S = 30


class NotReadyError(RuntimeError):
    """A server did not answer in time, or ended."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# What a run's own cluster wrote is gone with the run, whatever the machine does meanwhile.
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[str]:
    """A new cluster; yields its DATABASE_URL. Needs the package postgresql, and root.

    One that need not be ``durable`` never waits for the disk: for tests, not for figures.
    """
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    with _folder("siteflow-postgres-") as folder:
        os.chown(folder, *_ids("postgres"))
        _as_postgres(
            [f"{binaries}/initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "siteflow"]
        )
        port = free_port()
        argv = [f"{binaries}/postgres", "-D", f"{folder}/data", "-p", str(port), "-k", str(folder)]
        options = ("listen_addresses=127.0.0.1", "max_connections=300")
        for option in (*options, *(() if durable else _NOT_DURABLE)):
            argv += ["-c", option]
        with _running(argv, port, user="postgres"):
            url = f"postgres://siteflow@127.0.0.1:{port}/siteflow"
            _as_postgres(
                [
                    f"{binaries}/createdb",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(port),
                    "-U",
                    "siteflow",
                    "siteflow",
                ]
            )
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """A Redis without persistence; yields its REDIS_URL."""
    port = free_port()
    argv = [
        "redis-server",
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with _folder("siteflow-redis-") as folder, _running([*argv, "--dir", str(folder)], port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _running(argv: Sequence[str], port: int, *, user: str | None = None) -> Iterator[None]:
    process = subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd="/",
        start_new_session=True,  # outlives a Ctrl-C until whoever uses it has ended
    )
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotReadyError(f"{process.args!r} does not answer on port {port}")


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres(argv: Sequence[str]) -> None:
    for attempt in range(20):  # a server that listens may still be starting up
        done = subprocess.run(argv, user="postgres", cwd="/", capture_output=True, text=True)
        if done.returncode == 0:
            return
        if "starting up" not in done.stderr or attempt == 19:
            raise NotReadyError(done.stderr)
        time.sleep(0.2)


def _ids(user: str) -> tuple[int, int]:
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid
