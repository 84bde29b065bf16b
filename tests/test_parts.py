from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.command import wait_until
from tests.parts import INTERRUPTED

ROOT = Path(__file__).parents[1]
# Two lanes: one of two parts, whose files it is told, and one of a single part.
RUN = """
import sys
from tests.parts import Part, run_lanes
def part(name, path): return Part(name, ["-q", "-c", "/dev/null", "--rootdir=/", path])
first, second, other = sys.argv[1:]
sys.exit(run_lanes([[part("first", first), part("second", second)], [part("other", other)]]))
"""
PASSES = "def test_it(): print('said by one that passes')\n"
FAILS = "def test_it(): print('said by one that fails'); assert 1 == 2\n"
NONE = "CHOSEN = None\n"
HANGS = """
import pathlib, pytest, threading
@pytest.fixture
def made():
    pathlib.Path(__file__).with_suffix(".made").touch()
    yield
    pathlib.Path(__file__).with_suffix(".undone").touch()
def test_it(made): threading.Event().wait(60)
"""


def files(folder: Path, **texts: str) -> list[str]:
    """Three test files, by their part's name."""
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text)
    return [str(folder / f"test_{name}.py") for name in texts]


def started(paths: list[str], **more: Any) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *paths],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, **more,
    )  # fmt: skip


@pytest.mark.parametrize(("texts", "code"), [
    ({"first": PASSES, "second": PASSES, "other": PASSES}, 0),
    ({"first": PASSES, "second": NONE, "other": PASSES}, 0),
    ({"first": FAILS, "second": PASSES, "other": PASSES}, 1),
    ({"first": PASSES, "second": PASSES, "other": FAILS}, 1),
])  # fmt: skip
def test_all_parts_run_and_one_that_fails_counts(
    tmp_path: Path, texts: dict[str, str], code: int
) -> None:
    with started(files(tmp_path, **texts)) as running:
        said, _ = running.communicate(timeout=120)
    assert running.returncode == code, said
    headings = [line for line in said.splitlines() if line.startswith("===== ")]
    named = [f"===== tests on {name} =====" for name in texts]
    assert headings == [*named, "===== all tests ====="]
    passed = list(texts.values()).count(PASSES)
    assert said.count("1 passed") == passed
    assert ("said by one that fails" in said) == (code == 1)
    assert said.count("not run") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_part_and_lets_each_clean_up(
    tmp_path: Path, number: signal.Signals
) -> None:
    with started(files(tmp_path, first=HANGS, second=PASSES, other=HANGS)) as running:
        for name in ("first", "other"):
            made = tmp_path / f"test_{name}.made"
            wait_until(made.exists, what=f"{name} runs", timeout_s=60)
        running.send_signal(number)
        said, _ = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED, said
    assert sorted(path.stem for path in tmp_path.glob("*.undone")) == ["test_first", "test_other"]
    assert "not run" in said


def test_ignored_signals_are_not_ignored_in_the_parts(tmp_path: Path) -> None:
    """As under nohup or in the background of a script."""
    looks = "import signal\ndef test_it(): assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL"
    paths = files(tmp_path, first=looks, second=looks, other=looks)
    with started(paths, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as running:
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said


def test_what_touches_no_database_is_left_out_of_the_second_run(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("""
import pytest
@pytest.fixture
def row(db): pass
@pytest.mark.django_db
def test_marked(): pass
def test_by_a_fixture(row): pass
@pytest.mark.e2e
def test_whole_console(): pass
def test_none(): pass
""")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--collect-only",
         "-q", "-p", "tests.second_database", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    chosen = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert chosen == ["test_marked", "test_by_a_fixture", "test_whole_console"], done.stdout
