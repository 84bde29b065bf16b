"""A check of each kind, turned off, is noticed by the matrix. All of them: `make mutants`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_one_check_of_each_kind_is_noticed(tmp_path: Path) -> None:
    if os.environ.get("DATABASE_URL"):
        pytest.skip("the code is the same with every database: SQLite is enough")
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutations", "--sample"],
        env={**os.environ, "SITEFLOW_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 survived" in done.stdout
