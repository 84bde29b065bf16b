import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from audit.models import Entry
from audit.record import Actor, record

Put = Callable[..., Entry]


@pytest.fixture(autouse=True)
def copy_folder(settings: Settings, tmp_path: Path) -> Path:
    """Every test has its own data folder, so its own copy of the audit."""
    settings.DATA_DIR = tmp_path
    return tmp_path / "audit"


@pytest.fixture
def put(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Put:
    """Record an entry with these fields and do what follows its commit."""

    def put(**fields: Any) -> Entry:
        given: dict[str, Any] = {
            "phase": "event",
            "action": "host.test",
            "status": "succeeded",
            "actor": Actor(user_id=7, name="alice", source="api", remote_addr="192.0.2.7"),
        }
        with django_capture_on_commit_callbacks(execute=True):
            return record(**(given | fields))

    return put


@pytest.fixture
def real_database(transactional_db: None, tmp_path: Path) -> dict[str, str]:
    """The environment in which `manage.py` works on this test's database and data folder."""
    database = connection.settings_dict
    server = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    scheme = "sqlite:///" if connection.vendor == "sqlite" else f"postgres://{server}/"
    return os.environ | {
        "DATABASE_URL": f"{scheme}{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "siteflow.settings",
        "SITEFLOW_DATA_DIR": str(tmp_path),
    }


@pytest.fixture
def bob(db: None) -> User:
    """Nobody gave bob anything to do with the audit."""
    return User.objects.create_user("bob", password="bob's own")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin", password="admin's own")
