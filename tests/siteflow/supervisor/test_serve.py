"""`manage.py serve` itself: all three processes on a data folder of their own."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.siteflow.supervisor.running import PROJECT, Running
from tests.siteflow.supervisor.test_supervisor import free_port
from tests.siteflow.test_queue import environment


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Running, int]]:
    port = free_port()
    env = environment(tmp_path, SITEFLOW_PORT=str(port), SITEFLOW_ADMIN_PASSWORD="of-the-test")
    manage = [sys.executable, str(PROJECT / "manage.py")]
    subprocess.run([*manage, "prepare"], env=env, check=True, capture_output=True)
    running = Running(tmp_path, [*manage, "serve"], env=env)
    yield running, port
    running.clean_up()


def test_it_serves_and_a_kill_leaves_nothing(served: tuple[Running, int]) -> None:
    running, port = served
    running.wait_line(f"SiteFlow is ready at http://127.0.0.1:{port}/", timeout_s=60)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health/live", timeout=10) as answer:
        assert answer.status == 200
    for part in ("siteflow.web", "manage.py qcluster", "manage.py monitor"):
        assert running.pids_of(f".*{part}"), part
    running.process.kill()
    running.wait_gone(timeout_s=3.0)
