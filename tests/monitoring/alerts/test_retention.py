from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from monitoring.alerts.models import Alert, AlertEvent, Maintenance
from monitoring.alerts.retention import KEPT, forget
from tests.monitoring.alerts.things import make_alert, make_window
from tests.provisioning.rows import make_host


def test_what_was_over_long_ago_is_forgotten_and_nothing_else(db: None) -> None:
    host, now = make_host(), timezone.now()
    before, after = now - KEPT - timedelta(hours=1), now - KEPT + timedelta(hours=1)
    old = make_alert(host, state="resolved", resolved_at=before)
    old.events.create(at=before, what="firing")
    kept = [make_alert(host, state="resolved", resolved_at=after), make_alert(host)]
    make_window(begins_at=before - timedelta(hours=1), ends_at=before)
    window = make_window()
    forget()
    assert set(Alert.objects.all()) == set(kept) and not AlertEvent.objects.exists()
    assert list(Maintenance.objects.all()) == [window]
