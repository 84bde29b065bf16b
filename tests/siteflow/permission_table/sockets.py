"""Topics, messages and addresses of sockets, and /metrics."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow.matrix.rows import LIST, ONE, ONE_OPERATION, OPERATIONS, Row

# GET /metrics, which stands beside the API and answers as it does.
METRICS: Final = LIST

# Topic (a dot at the end: with the key of a thing) → what one needs for it
TOPICS: Final[dict[str, Row]] = {
    "sites": LIST,
    "containers": LIST,
    "containers.": replace(ONE, kind="host"),
    "hosts": LIST,
    "graph": LIST,
    "alerts": LIST,
    "events": LIST,
    "events.": replace(ONE, kind="host"),
    "operations": OPERATIONS,
    "operation.": replace(ONE_OPERATION, kind="operation"),
    "metrics.": replace(ONE, kind="container"),
    "metrics.site.": replace(ONE, kind="site"),
    "metrics.host.": replace(ONE, kind="host"),
}

# type of a message → who may send it once the socket is open
MESSAGES: Final = {
    "subscribe": "each topic has its own answer",
    "unsubscribe": "everybody with a login",
    "ping": "everybody with a login",
    "pong": "everybody with a login",
    "action.start": "who has the verb's permission",
}

# address of a socket → the topics it begins with; all are closed to whoever is not logged in
SOCKETS: Final[dict[str, tuple[str, ...]]] = {
    "api/ws": (),
    "ws/dashboard": ("hosts", "containers", "operations"),
    "ws/tasks/<int:operation>": ("operation.{operation}",),
    "ws/deployments/<int:operation>": ("operation.{operation}",),
    "ws/containers/<int:container>/stats": ("metrics.{container}",),
    "ws/services/<int:site>": ("metrics.site.{site}", "sites", "containers", "operations"),
    "ws/metrics": ("hosts",),
    "ws/events": ("events",),
    # Who may what there: tests/siteflow/terminals/test_terminal_rights.py.
    "ws/containers/<int:key>/exec": (),
    "ws/hosts/<int:key>/terminal": (),
    "ws/terminals/<int:key>/watch": (),
    # Of what the account sees: matrix/listening.py and test_log_sockets.py.
    "ws/containers/<int:container>/logs": (),
    "ws/sites/<int:site>/logs": (),
    "ws/logs": (),
    "": (),  # nowhere: closed to everybody
}

# The same of sockets that show logs.
LOGS: Final = {
    "ws/containers/<int:container>/logs": Row(200, sees="look", kind="container"),
    "ws/sites/<int:site>/logs": Row(200, sees="look", kind="site"),
    "ws/logs": Row(200, sees="look", kind="container"),
}
