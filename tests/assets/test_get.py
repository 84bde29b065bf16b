"""What is fetched from npm, and what is said when it cannot be. No test here fetches anything."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from assets import get

LOCK = json.loads(get.LOCK.read_text())


def test_the_files_are_here_and_are_those_of_the_lock_file() -> None:
    assert get.is_current(), "run `make assets`"


def test_every_package_is_pinned_by_version_and_hash() -> None:
    wanted = json.loads((get.ROOT / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = {name: one for name, one in LOCK["packages"].items() if name}
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())


def test_the_lock_file_names_no_server() -> None:
    assert "resolved" not in get.LOCK.read_text() and "://" not in get.LOCK.read_text()


def test_licences_allow_it_and_lie_beside_the_files() -> None:
    assert {one["license"] for name, one in LOCK["packages"].items() if name} == {"MIT"}
    licences = {source: name for name, source in get.FILES.items() if name.endswith("LICENSE.txt")}
    for package in (name.removeprefix("node_modules/") for name in LOCK["packages"] if name):
        text = (get.KEPT / licences[f"{package}/LICENSE"]).read_text()
        assert "Permission is hereby granted" in text


def test_scripts_build_no_code_and_point_to_no_map() -> None:
    for name in (one for one in get.FILES if one.endswith(".js")):
        text = (get.KEPT / name).read_text()
        assert not re.search(r"\beval\(|new Function\(|sourceMappingURL|^import ", text, re.M), name
        assert re.search(r"export\s*\{", text), name


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder is another one, empty still."""
    kept = tmp_path / "static" / "vendor"
    monkeypatch.setattr(get, "KEPT", kept)
    monkeypatch.setattr(get, "STAMP", kept / ".made")
    return kept


def test_a_copied_folder_will_do(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = get.ROOT / "siteflow" / "static" / "vendor"
    shutil.copytree(source, elsewhere)
    monkeypatch.setattr(get, "fetch", lambda: pytest.fail("it asked npm"))
    assert get.main() == 0


def test_a_changed_lock_file_is_fetched_anew(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(get.ROOT / "siteflow" / "static" / "vendor", elsewhere)
    changed = tmp_path / "package-lock.json"
    changed.write_text(get.LOCK.read_text() + "\n")
    monkeypatch.setattr(get, "LOCK", changed)
    assert not get.is_current()


def test_without_a_network_it_says_what_to_do(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def npm(work: Path) -> list[str]:
        return ["/bin/sh", "-c", "echo npm error code ENOTFOUND; exit 1"]

    monkeypatch.setattr(get, "npm", npm)
    assert get.main() == 1
    told = capsys.readouterr().err
    assert "ENOTFOUND" in told and "make assets" in told and "package-lock.json" in told
    assert not elsewhere.exists()


def test_a_package_without_its_file_changes_nothing(elsewhere: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        get.keep(tmp_path / "none", tmp_path / "made")
    assert not elsewhere.exists()
