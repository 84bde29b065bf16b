from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from siteflow.secrets import made_once, secret


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = made_once(tmp_path / "deep" / "key")
    assert made_once(tmp_path / "deep" / "key") == first
    assert stat.S_IMODE((tmp_path / "deep" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_many_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(made_once(tmp_path / "key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("variable", ["TOKEN", "TOKEN_FILE"])
def test_the_environment_comes_first(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "given").write_text("from a file\n")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "given"))
    if variable == "TOKEN":
        monkeypatch.setenv("TOKEN", "from the environment")
    expected = "from the environment" if variable == "TOKEN" else "from a file"
    assert secret("TOKEN", kept_in=tmp_path / "key") == expected
    assert not (tmp_path / "key").exists()
