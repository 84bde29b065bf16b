from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning import lifeline
from provisioning.lifeline import MONITOR, TERMINAL, Lifeline, bury

HOLDER = """
import sys
from django.conf import settings
settings.configure(DATA_DIR=sys.argv[1])
from provisioning.lifeline import Lifeline
line = Lifeline("killed", kind="monitor")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that lives and says so."""
    argv = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_living_are_left_alone(holder: subprocess.Popen[str]) -> None:
    line = Lifeline("mine", kind=MONITOR)
    given_back: list[str] = []
    assert bury(MONITOR, given_back.append) == given_back == []
    line.close()
    assert [path.name for path in lifeline.folder(MONITOR).iterdir()] == ["killed.monitor"]


def test_the_killed_are_found_once(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert bury(TERMINAL, lambda name: 1 // 0) == []  # it is of another kind
    given_back: list[str] = []
    assert bury(MONITOR, given_back.append) == given_back == ["killed"]
    assert bury(MONITOR, given_back.append) == []
    assert list(lifeline.folder(MONITOR).iterdir()) == []


def test_what_could_not_be_given_back_is_tried_again(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with pytest.raises(ZeroDivisionError):
        bury(MONITOR, lambda name: 1 // 0)
    assert bury(MONITOR, lambda name: None) == ["killed"]


def test_without_a_folder_nobody_died() -> None:
    assert bury(MONITOR, lambda name: None) == []
