from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings

from siteflow import checks

WRONG: list[tuple[str, Any, str]] = [
    ("MONITOR_INTERVAL_S", "often", "siteflow.E001"),
    ("MONITOR_INTERVAL_S", 0, "siteflow.E001"),
    ("AUDIT_RETENTION_DAYS", "-3", "siteflow.E001"),
    ("WORKERS", 65, "siteflow.E001"),
    ("ENCRYPTION_KEYS", ["short"], "siteflow.E002"),
    ("TRUSTED_PROXIES", ["10.0.0.300"], "siteflow.E003"),
    ("REDIS_URL", "http://localhost", "siteflow.E004"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_a_wrong_setting_is_named_with_what_to_write(
    name: str, value: Any, expected: str, settings: LazySettings
) -> None:
    setattr(settings, name, value)
    messages = checks.settings_are_sound()
    assert [message.id for message in messages] == [expected]
    assert messages[0].hint


def test_another_database_than_the_two_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.mysql")
    assert [message.id for message in checks.settings_are_sound()] == ["siteflow.E005"]


def test_the_settings_as_they_are_shipped_are_sound() -> None:
    assert checks.settings_are_sound() == []


def test_every_setting_of_the_environment_is_documented() -> None:
    root = Path(checks.__file__).parent.parent
    documented = (root / "docs" / "settings.md").read_text()
    source = (root / "siteflow" / "settings.py").read_text()

    read = set(re.findall(r'(?:env\.\w+|whole_number|secret)\(\s*"([A-Z_]+)"', source))
    read |= set(re.findall(r'from_environment\("([A-Z_]+)"\)', source))
    assert {"SECRET_KEY", "DATABASE_URL", "MONITOR_INTERVAL_S"} <= read
    assert [name for name in sorted(read) if f"`{name}`" not in documented] == []
