import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from audit import copy
from audit.models import Entry
from tests.audit.conftest import Put
from tests.audit.tampering import cut_tail, tamper

pytestmark = pytest.mark.django_db
Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    def run(*arguments: str) -> str:
        out = io.StringIO()
        call_command("audit", *arguments, stdout=out)
        return out.getvalue()

    return run


def exit_code(error: BaseException) -> Any:
    return getattr(error, "exit_code", getattr(error, "code", getattr(error, "returncode", None)))


def test_list(run: Run, put: Put) -> None:
    put(target_name="alpha")
    put(target_name="beta", status="failed", output="boom")
    lines = run("list").splitlines()
    assert lines[0].split()[:3] == ["id", "at", "action"]
    assert ["beta" in lines[1], "alpha" in lines[2], len(lines)] == [True, True, 3]
    assert "alpha" not in run("list", "--status", "failed")
    assert len(run("list", "--limit", "1").splitlines()) == 2
    assert "beta" not in run("list", "--after", "2")
    rows = json.loads(run("list", "--target", "beta", "--since", "2020-01-01", "--json"))
    assert [(row["id"], row["output"]) for row in rows] == [(2, "boom")]


@pytest.mark.parametrize(
    "arguments", [["--since", "soon"], ["--status", "fine"], ["--limit", "0"], ["--wrong"]]
)
def test_a_wrong_usage(run: Run, arguments: list[str]) -> None:
    with pytest.raises((CommandError, SystemExit)) as caught:
        run("list", *arguments)
    assert exit_code(caught.value) == 2


def test_verify(run: Run, put: Put) -> None:
    put()
    put()
    assert json.loads(run("verify", "--json")) == {
        "ok": True,
        "checked": 2,
        "first_bad_id": None,
        "reason": "",
        "notes": [],
    }
    tamper("UPDATE audit_entry SET output = 'x' WHERE id = 2")
    with pytest.raises((CommandError, SystemExit)) as caught:
        run("verify")
    assert exit_code(caught.value) == 1


def test_cleanup(run: Run, put: Put) -> None:
    put()
    assert json.loads(run("cleanup", "--json")) == {"deleted": 0}
    with pytest.raises((CommandError, SystemExit)):
        run("cleanup", "--older-than-days", "0")


def test_export_to_a_file(run: Run, put: Put, tmp_path: Path) -> None:
    put(target_name="alpha")
    put(target_name="beta")
    path = tmp_path / "export.jsonl"
    answer = json.loads(run("export", "--target", "beta", "--output", str(path), "--json"))
    assert answer == {"file": str(path), "size_bytes": path.stat().st_size}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [2]
    assert Entry.objects.get(id=3).actor_name.startswith("os:")
    with pytest.raises(CommandError, match="cannot write .*File exists"):
        run("export", "--output", str(path))


def test_export_to_the_terminal(
    run: Run, put: Put, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    put(target_name="alpha")
    run("export", "--format", "csv")
    assert capfdbinary.readouterr().out.splitlines()[1].startswith(b"1,")


def test_the_copy_is_made_anew(run: Run, put: Put) -> None:
    for _ in range(3):
        put()
    cut_tail(2)
    with pytest.raises((CommandError, SystemExit)):
        run("verify")
    assert json.loads(run("export", "--remake-copy", "--json"))["lines"] == 2
    assert Entry.objects.get(id=3).action == "audit.remake-copy"
    copy.sync()
    assert json.loads(run("verify", "--json"))["ok"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify"], 0),
        (["list", "--json"], 0),
        (["list", "--since", "soon"], 2),
        (["list", "--limit", "0"], 2),
        (["cleanup", "--older-than-days", "0"], 2),
        (["nonsense"], 2),
        (["export", "--output", "/nowhere/file"], 1),
    ],
)
def test_exit_codes_of_the_real_command(
    arguments: list[str], code: int, real_database: dict[str, str]
) -> None:
    argv = [sys.executable, "manage.py", "audit", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, env=real_database, timeout=60)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
