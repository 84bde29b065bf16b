"""What has rested for its time: destroyed only where a setting says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from provisioning.given_up import purge_given_up
from provisioning.models import Operation
from provisioning.quarantine.models import Quarantine
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_quarantine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unheard")]


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def rows() -> list[Quarantine]:
    """One whose time has come, and one that rests on."""
    host = make_host()
    given_up, rests = make_quarantine(host, "old"), make_quarantine(host, "new")
    Quarantine.objects.filter(pk=given_up.pk).update(until=timezone.now() - timedelta(minutes=1))
    return [given_up, rests]


def test_nothing_is_destroyed_by_itself(rows: list[Quarantine]) -> None:
    assert purge_given_up() == 0
    assert not Operation.objects.exists()


def test_what_is_given_up_is_destroyed_once_it_was_asked_for(
    rows: list[Quarantine], settings: LazySettings
) -> None:
    settings.QUARANTINE_PURGE = True
    assert purge_given_up() == 1
    operation = Operation.objects.get()
    assert (operation.kind, operation.target_id) == ("quarantine.purge", rows[0].pk)
    assert operation.actor_name == "quarantine"
    assert purge_given_up() == 0, "it is under way"


def test_what_failed_is_tried_again_the_next_day(
    rows: list[Quarantine], settings: LazySettings
) -> None:
    settings.QUARANTINE_PURGE = True
    assert purge_given_up() == 1
    Operation.objects.update(status="failed")
    assert purge_given_up() == 0
    Operation.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert purge_given_up() == 1


def test_how_long_it_rests_is_a_setting(settings: LazySettings) -> None:
    settings.QUARANTINE_DAYS = 30
    row = make_quarantine(make_host())
    assert row.until - timezone.now() > timedelta(days=26)
