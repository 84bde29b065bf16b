"""Who may do what, in one place: each address, topic and message of a socket, verb and command.

Whatever is not in here fails `matrix/test_complete.py`, so nothing is added without an answer to
it. The classes of answers are in `matrix/rows.py`, who asks in `matrix/visitors.py`; the pages of
the console stand in `matrix/pages.py`, as there are many of them.
"""

from __future__ import annotations

from typing import Final

from tests.siteflow.matrix.rows import Row
from tests.siteflow.permission_table import api_hosts, api_ours, api_sites, api_watching
from tests.siteflow.permission_table.api_sites import ROLL_OUT
from tests.siteflow.permission_table.api_watching import ONE_RULE, RULES
from tests.siteflow.permission_table.commands import COMMANDS
from tests.siteflow.permission_table.sent import (
    COMPOSE,
    CONNECTION,
    IMAGE,
    NAS_FOLDER,
    NEW_CHANNEL,
    NEW_CONTAINER,
    NEW_HOST,
    NEW_NAS,
    NEW_SITE,
    PASSWORD,
    PRUNE,
    TEMPLATE,
    THING,
)
from tests.siteflow.permission_table.sockets import LOGS, MESSAGES, METRICS, SOCKETS, TOPICS
from tests.siteflow.permission_table.verbs import VERBS, body_of

__all__ = [
    "API",
    "COMMANDS",
    "COMPOSE",
    "CONNECTION",
    "IMAGE",
    "LOGS",
    "MESSAGES",
    "METRICS",
    "NAS_FOLDER",
    "NEW_CHANNEL",
    "NEW_CONTAINER",
    "NEW_HOST",
    "NEW_NAS",
    "NEW_SITE",
    "ONE_RULE",
    "PASSWORD",
    "PRUNE",
    "ROLL_OUT",
    "RULES",
    "SOCKETS",
    "TEMPLATE",
    "THING",
    "TOPICS",
    "VERBS",
    "body_of",
]

API: Final[dict[tuple[str, str], Row]] = {
    **api_hosts.API,
    **api_sites.API,
    **api_watching.API,
    **api_ours.API,
}
