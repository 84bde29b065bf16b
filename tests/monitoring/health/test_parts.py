"""What each part says of itself, well and broken."""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from monitoring.health import parts
from monitoring.models import Monitor
from provisioning.models import Operation
from tests.provisioning.rows import make_container, make_host, make_operation

pytestmark = pytest.mark.django_db


def test_the_database_and_its_tables() -> None:
    assert parts.database().details == {"engine": connection.vendor}
    assert parts.migrations().ok


def test_tables_that_are_missing_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_migrated", set())
    plan = "monitoring.health.parts.MigrationExecutor.migration_plan"
    monkeypatch.setattr(plan, lambda self, leaves: [("sites.9", 0)])
    found = parts.migrations()
    assert (found.ok, found.details) == (False, {"unapplied": ["sites.9"]})
    assert "manage.py migrate" in found.words


def test_a_message_goes_through_the_feed_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parts.feed().ok

    async def swallowed(group: str, message: dict[str, Any]) -> None:
        """As a layer does that takes messages and delivers none."""

    monkeypatch.setattr(get_channel_layer(), "group_send", swallowed)
    monkeypatch.setattr(parts, "LAYER_TIMEOUT_S", 0.05)
    with pytest.raises(TimeoutError):
        parts.feed()


@pytest.fixture
def canary(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    path = tmp_path / "run" / "worker.alive"
    path.parent.mkdir()
    return path


def test_a_canary_that_is_silent_and_one_that_never_sang(canary: Path) -> None:
    assert parts.queue().ok, "a machine without workers has no canary"
    canary.touch()
    assert parts.queue().ok
    os.utime(canary, (time.time() - 120, time.time() - 120))
    found = parts.queue()
    assert not found.ok and found.details["canary_age_s"] >= 120
    assert "No sign of life" in found.words


def test_an_operation_that_waits_for_long(canary: Path) -> None:
    row = make_operation(make_container(make_host()))
    Operation.objects.filter(pk=row.pk).update(
        status="queued", created_at=timezone.now() - timedelta(minutes=2)
    )
    found = parts.queue()
    assert (found.ok, found.details["queued"], found.details["running"]) == (False, 1, 0)
    assert "has waited for 12" in found.words


def test_the_monitor_in_words() -> None:
    assert parts.monitor().words.startswith("No monitor is running")
    Monitor.objects.create(name="a", alive_until=timezone.now() + timedelta(hours=1))
    assert parts.monitor().words == "There is no host to read."
    make_host("web2", inventory_at=timezone.now() - timedelta(minutes=5))
    found = parts.monitor()
    assert (found.ok, found.words) == (False, "Reachable, but not read for too long: web2.")


def test_hosts_that_are_down_are_not_siteflow_s_own_trouble() -> None:
    make_host("web1")
    make_host("nas", state="unreachable")
    found = parts.hosts()
    assert found.ok and found.words == "1 of 2 hosts are reachable."
    assert found.details == {"total": 2, "not_reachable": {"nas": "unreachable"}}


def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parts.disk().details["total_bytes"] > 0
    usage = type(shutil.disk_usage("/"))(10 * 2**30, 10 * 2**30 - 1000, 1000)
    monkeypatch.setattr("monitoring.health.parts.shutil.disk_usage", lambda path: usage)
    found = parts.disk()
    assert (found.ok, found.words) == (False, "0.0 of 10.0 GiB are free.")
