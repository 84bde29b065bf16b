from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from siteflow import static_files


def test_scripts_import_each_other_by_hashed_names(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "siteflow.static_files.HashedFiles"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    app = (tmp_path / manifest["siteflow/js/app.js"]).read_text()
    imported = re.findall(r"from \"\./([^\"]+)\"", app)
    assert len(imported) > 5
    for name in imported:
        assert f"siteflow/js/{name}" in manifest.values(), name


def test_files_that_were_not_fetched_are_told_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert static_files.lacking() == ""
    monkeypatch.setattr(static_files, "_FETCHED", tmp_path / ".made")
    with pytest.raises(CommandError, match="make assets"):
        call_command("prepare")
