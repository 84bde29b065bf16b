import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import LabError, requirements


def test_each_missing_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirements, "SEARCH_PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"not installed: dockerd, containerd.*; run .*/install"):
        requirements.check_requirements()


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "the lab runs as root only" in requirements.missing()


def test_the_lab_is_left_out_only_when_asked_to_and_that_is_said() -> None:
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/lab/test_faults.py"]
    done = subprocess.run(argv, env={**os.environ, "LAB": "0"}, capture_output=True, text=True)
    assert "no tests collected (16 deselected)" in done.stdout
