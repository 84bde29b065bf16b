from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from siteflow.supervisor import roles
from tests.siteflow.supervisor.running import PROJECT, Running

Serve = Callable[..., Running]


def supervisor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "siteflow.supervisor", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_a_second_one_says_who_is_there(serve: Serve, tmp_path: Path) -> None:
    running = serve({"web": "echo up; exec sleep 1000"})
    running.wait_line("up")
    second = supervisor("--data-dir", str(tmp_path))
    assert second.returncode == 1 and second.stdout == ""
    assert second.stderr == (
        f"siteflow: Another SiteFlow (process {running.process.pid}) runs on {tmp_path}\n"
    )
    assert running.stop() == 0


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        refused = supervisor("--data-dir", str(tmp_path), "--port", str(port))
    assert refused.returncode == 1 and refused.stdout == ""
    assert f"127.0.0.1:{port} is taken by process {os.getpid()} (" in refused.stderr
    assert refused.stderr.endswith("stop it or set SITEFLOW_PORT\n")


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = supervisor("--data-dir", str(tmp_path / "file"))
    assert refused.returncode == 1 and "Not a directory" in refused.stderr


@pytest.mark.parametrize("wrong", [["--only", "database"], ["--port", "http"], ["--canary-s", "x"]])
def test_a_wrong_call(wrong: list[str]) -> None:
    assert supervisor(*wrong).returncode == 2


def test_it_does_without_django(tmp_path: Path) -> None:
    code = "import sys, siteflow.supervisor.__main__; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_web_process_believes_no_forwarding_header() -> None:
    argv = roles.web(host="127.0.0.1", port=8000).argv
    assert "--proxy-headers" not in argv
    assert argv[1:3] == ("-m", "siteflow.web") and argv[-1] == "siteflow.asgi:application"
