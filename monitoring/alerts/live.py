"""Tells whoever watches how alerts go."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from monitoring.alerts.kinds import Type
from monitoring.alerts.models import SEEN_BY, Alert
from monitoring.alerts.shown import alert_out
from sites.live import Scope, publish


def publish_alerts(alerts: Collection[Alert]) -> None:
    """After the commit, each to who may see what it is about."""
    if not alerts:
        return
    items = [(alert_out(one), _scope(one)) for one in alerts]

    def send() -> None:
        for item, scope in items:
            message = {"type": "alerts.update", "items": [item], "removed": []}
            publish(["alerts"], message, scope=scope)

    transaction.on_commit(send)


def publish_removed(alerts: Collection[Alert]) -> None:
    """Of those that were never more than pending, and leave no row."""
    gone = [(one.pk, _scope(one)) for one in alerts]

    def send() -> None:
        for key, scope in gone:
            message = {"type": "alerts.update", "items": [], "removed": [key]}
            publish(["alerts"], message, scope=scope)

    if gone:
        transaction.on_commit(send)


def _scope(alert: Alert) -> Scope:
    permission = SEEN_BY[Type(alert.subject_type)]
    return {"permission": permission, "host": alert.host_id, "site": alert.site_id}
