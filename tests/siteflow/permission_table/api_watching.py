"""Addresses of the API about what is watched, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow.matrix.rows import (
    ADMINS,
    CHANNELS,
    LIST,
    ONE,
    ONE_CHANNEL,
    ONE_DELIVERY,
    OPEN,
    Row,
    operate,
)
from tests.siteflow.permission_table.sent import NEW_CHANNEL

# What is an alert is one thing for everybody: who manages all of it sees and changes it.
RULES: Final = Row(200, needs="rules", place="everywhere")
ONE_RULE: Final = replace(RULES, kind="rule", rights_first=True)
RULE: Final = {"name": "Busy", "kind": "threshold", "of": "host", "metric": "load1", "threshold": 8}
WINDOW: Final = {"begins_at": "2031-01-01T00:00:00Z", "ends_at": "2031-01-02T00:00:00Z",
                 "why": "a new disk"}  # fmt: skip

API: Final[dict[tuple[str, str], Row]] = {
    ("get", "/api/health"): OPEN,
    ("get", "/api/health/live"): OPEN,
    ("get", "/api/health/ready"): OPEN,
    ("get", "/api/health/detailed"): ADMINS,
    ("get", "/api/overview"): LIST,
    ("get", "/api/alerts"): LIST,
    ("get", "/api/alerts/{alert_id}"): ONE,
    ("post", "/api/alerts/{alert_id}/acknowledge"): replace(operate({"note": "mine"}), status=200),
    ("post", "/api/alerts/{alert_id}/mute"): replace(
        operate({"until": "LATER", "note": ""}), status=200
    ),
    ("get", "/api/alerts/rules"): RULES,
    ("post", "/api/alerts/rules"): replace(RULES, status=201, body=RULE, changes=True),
    ("get", "/api/alerts/rules/{rule_id}"): ONE_RULE,
    ("patch", "/api/alerts/rules/{rule_id}"): replace(ONE_RULE, body={"for_s": 300}, changes=True),
    ("delete", "/api/alerts/rules/{rule_id}"): replace(ONE_RULE, status=204, changes=True),
    # Somebody made it: there is nothing to restore.
    ("post", "/api/alerts/rules/{rule_id}/restore"): replace(ONE_RULE, status=409),
    ("get", "/api/alerts/maintenance"): LIST,
    ("post", "/api/alerts/maintenance"): replace(
        operate({**WINDOW, "site": "KEY"}), status=201, kind="site"
    ),
    ("get", "/api/alerts/maintenance/{window_id}"): replace(ONE, kind="maintenance"),
    ("patch", "/api/alerts/maintenance/{window_id}"): replace(
        operate({"why": "longer"}), status=200, kind="maintenance"
    ),
    ("delete", "/api/alerts/maintenance/{window_id}"): replace(
        operate(), status=204, kind="maintenance"
    ),
    ("get", "/api/metrics/containers/{container_id}"): replace(ONE, kind="container"),
    ("get", "/api/metrics/sites/{site_id}"): replace(ONE, kind="site"),
    ("get", "/api/metrics/hosts/{host_id}"): replace(ONE, kind="host"),
    ("get", "/api/metrics/system"): LIST,
    ("get", "/api/notifications/channels"): CHANNELS,
    ("post", "/api/notifications/channels"): replace(
        CHANNELS, status=201, body=NEW_CHANNEL, changes=True
    ),
    ("get", "/api/notifications/channels/{channel_id}"): ONE_CHANNEL,
    ("patch", "/api/notifications/channels/{channel_id}"): replace(
        ONE_CHANNEL, body={"resolved": False}, changes=True
    ),
    ("delete", "/api/notifications/channels/{channel_id}"): replace(
        ONE_CHANNEL, status=204, changes=True
    ),
    ("post", "/api/notifications/channels/{channel_id}/test"): replace(
        ONE_CHANNEL, status=202, changes=True
    ),
    ("get", "/api/notifications/deliveries"): CHANNELS,
    ("get", "/api/notifications/deliveries/{delivery_id}"): ONE_DELIVERY,
    ("post", "/api/notifications/deliveries/{delivery_id}/try-again"): replace(
        ONE_DELIVERY, status=202, changes=True
    ),
    ("get", "/api/graph"): LIST,
    ("get", "/api/graph/impact"): replace(
        ONE, kind="site", query={"kind": "site", "key": "KEY"}, door="look"
    ),
}
