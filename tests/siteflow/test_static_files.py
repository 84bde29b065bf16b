from __future__ import annotations

import json
import re
from pathlib import Path

from django.core.management import call_command
from pytest_django import Settings


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
