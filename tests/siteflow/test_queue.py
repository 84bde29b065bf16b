"""The queue as it runs: a cluster, its own data folder, requests from another process."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siteflow.broker import POLL_S
from tests.siteflow.redis_server import RedisServer


def environment(folder: Path, **more: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    own = {"DJANGO_SETTINGS_MODULE": "siteflow.settings", "SITEFLOW_DATA_DIR": str(folder)}
    return inherited | own | {"SITEFLOW_WORKERS": "2"} | more


@contextmanager
def cluster(env: dict[str, str]) -> Iterator[None]:
    for command in ("migrate", "createcachetable"):
        subprocess.run([sys.executable, "manage.py", command, "-v0"], env=env, check=True)
    running = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"], env=env, start_new_session=True
    )
    try:
        yield
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def begin_delays_ms(folder: Path, env: dict[str, str]) -> list[float]:
    notes, count = folder / "notes", 20
    notes.touch()
    subprocess.run(
        [sys.executable, "-m", "tests.siteflow.queue_peer", str(notes), str(count)],
        env=env,
        check=True,
    )
    return [float(line) for line in notes.read_text().splitlines()]


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.lab)])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    if request.param == "local":
        yield environment(tmp_path)
        return
    with RedisServer() as server:
        yield environment(tmp_path, REDIS_URL=server.url)


def test_a_task_begins_when_it_is_put_in(
    env: dict[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with cluster(env):
        delays_ms = begin_delays_ms(tmp_path, env)
    p50 = statistics.median(delays_ms)
    record_property("p50_ms", p50)
    print(f"enqueue to begin: p50 {p50:.1f} ms, slowest {max(delays_ms):.1f} ms")
    assert p50 < POLL_S * 1000 / 4  # woken by the bell, not found by the poll
