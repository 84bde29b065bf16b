from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import certifi
import pytest
from django.conf import LazySettings, settings

from siteflow import checks

WRONG: list[tuple[str, Any, str]] = [
    ("MONITOR_INTERVAL_S", "often", "siteflow.E001"),
    ("MONITOR_INTERVAL_S", 0, "siteflow.E001"),
    ("AUDIT_RETENTION_DAYS", "-3", "siteflow.E001"),
    ("WORKERS", 65, "siteflow.E001"),
    ("RATE_ANONYMOUS", "many", "siteflow.E001"),
    ("RATE_USER", -1, "siteflow.E001"),
    ("SECRET_KEY", "changeme", "siteflow.E007"),
    ("ENCRYPTION_KEYS", ["short"], "siteflow.E002"),
    ("TRUSTED_PROXIES", ["10.0.0.300"], "siteflow.E003"),
    ("CORS_ORIGINS", ["*"], "siteflow.E006"),
    ("CORS_ORIGINS", ["null"], "siteflow.E006"),
    ("CORS_ORIGINS", ["https://dashboard.example/path"], "siteflow.E006"),
    ("CORS_ORIGINS", ["dashboard.example"], "siteflow.E006"),
    ("REDIS_URL", "http://localhost", "siteflow.E004"),
    ("ACME_DIRECTORY", "acme.example.org", "siteflow.E008"),
    ("ACME_DIRECTORY", "http://acme.example.org/directory", "siteflow.E008"),
    ("ACME_DIRECTORY", "https://acme.example.org/{env.HOME}", "siteflow.E008"),
    ("ACME_CA_ROOT", __file__, "siteflow.E009"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_a_wrong_setting_is_named_with_what_to_write(
    name: str, value: Any, expected: str, settings: LazySettings
) -> None:
    setattr(settings, name, value)
    messages = checks.settings_are_sound()
    assert [message.id for message in messages] == [expected]
    assert messages[0].hint


def test_an_authority_of_ones_own_is_taken(settings: LazySettings) -> None:
    settings.ACME_DIRECTORY = "https://[2001:db8::7]:14000/acme/directory"
    settings.ACME_CA_ROOT = certifi.where()
    assert checks.settings_are_sound() == []
    settings.ACME_DIRECTORY = ""
    assert [message.id for message in checks.settings_are_sound()] == ["siteflow.E009"]


@pytest.mark.parametrize(
    ("changed", "is_warned"),
    [
        ({}, False),
        ({"ALLOWED_HOSTS": ["localhost", "127.0.0.5", "[::1]", "console.localhost"]}, False),
        ({"ALLOWED_HOSTS": ["console.example"]}, True),
        ({"ALLOWED_HOSTS": ["*"]}, True),
        ({"ALLOWED_HOSTS": ["localhost", "192.0.2.7"]}, True),
        ({"HOST": "0.0.0.0"}, True),  # noqa: S104  (as somebody would set it)
        ({"HOST": "::1"}, False),
        ({"ALLOWED_HOSTS": ["console.example"], "HTTPS": True}, False),
        ({"ALLOWED_HOSTS": ["console.example"], "DEBUG": True}, False),
    ],
)
def test_plain_http_for_others_is_warned_of(
    settings: LazySettings, changed: dict[str, Any], is_warned: bool
) -> None:
    given = {"ALLOWED_HOSTS": ["localhost"], "HOST": "127.0.0.1", "HTTPS": False, **changed}
    for name, value in given.items():
        setattr(settings, name, value)
    found = [message.id for message in checks.strangers_come_by_https()]
    assert found == (["siteflow.W001"] if is_warned else [])


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
