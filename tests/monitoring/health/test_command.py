from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from monitoring.health import asking
from monitoring.health.parts import Found, Part

pytestmark = pytest.mark.django_db


def told(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    code = 0
    try:
        call_command("health", *arguments, stdout=out)
    except CommandError as ended:
        code = ended.returncode
    return out.getvalue(), code


def parts(*, ok: bool) -> dict[str, Part]:
    return {"disk": Part(lambda: Found(ok, "1 GiB is free.", {"free_bytes": 1}), "a test")}


def test_a_table_for_people_and_json_for_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    asking.forget()
    monkeypatch.setattr(asking, "PARTS", parts(ok=True))
    text, code = told()
    assert code == 0 and "1 GiB is free." in text and "All parts of SiteFlow are well." in text
    found = json.loads(told("--json")[0])
    assert found["status"] == "ok"
    assert found["parts"]["disk"]["source"] == "a test" and found["parts"]["disk"]["observed_at"]
    asking.forget()
    monkeypatch.setattr(asking, "PARTS", parts(ok=False))
    text, code = told()
    assert code == 1 and "Not well: disk. 1 GiB is free." in text
    asking.forget()
