"""Who may do what, in one place: each address of the API, topic and message of a socket, command.

Whatever is not in here fails `test_permissions.py`, so nothing is added without an answer to it.
The verbs' own permissions are in the verb table; what they come to for each role stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

ROLES: Final = ("anonymous", "charlie", "bob", "alice", "admin")


@dataclass(frozen=True)
class Answers:
    """The status for each role, and what to send. ``changes``: it is no mere look."""

    anonymous: int
    charlie: int
    bob: int
    alice: int
    admin: int
    body: Any = None
    changes: bool = False


OPEN: Final = Answers(200, 200, 200, 200, 200)
LIST: Final = Answers(401, 403, 200, 200, 200)
ONE: Final = Answers(401, 404, 200, 200, 200)  # what one may not see is not there
OWN_LIST: Final = Answers(401, 200, 200, 200, 200)  # of one's own things only
OWN: Final = Answers(401, 404, 404, 404, 200)  # the thing is admin's
ADMINS: Final = Answers(401, 403, 403, 403, 200)


def everybody(status: int, body: Any) -> Answers:
    return Answers(status, status, status, status, status, body)


def operate(body: Any = None) -> Answers:
    return Answers(401, 404, 403, 202, 202, body, changes=True)


def manage(status: int, body: Any, *, hidden: int = 404) -> Answers:
    return Answers(401, hidden, 403, 403, status, body, changes=True)


def own(body: Any = None) -> Answers:
    return Answers(401, 404, 404, 404, 200, body, changes=True)


CONNECTION: Final = {"name": "new", "address": "192.0.2.1", "username": "a"}
NEW_HOST: Final = {"name": "new", "address": "192.0.2.1", "username": "a", "auth": "generate"}

API: Final[dict[tuple[str, str], Answers]] = {
    ("get", "/api/health"): OPEN,
    ("get", "/api/health/live"): OPEN,
    ("get", "/api/health/ready"): OPEN,
    ("get", "/api/health/detailed"): ADMINS,
    ("get", "/api/hosts"): LIST,
    ("post", "/api/hosts"): manage(201, NEW_HOST, hidden=403),
    ("post", "/api/hosts/generate-key"): manage(201, {}, hidden=403),
    ("get", "/api/hosts/{host_id}"): ONE,
    ("patch", "/api/hosts/{host_id}"): manage(200, {"sudo": True}),
    ("delete", "/api/hosts/{host_id}"): manage(200, {"confirm_name": "web1"}),
    ("post", "/api/hosts/{host_id}/approve-key"): manage(200, {"fingerprint": "OFFERED"}),
    ("get", "/api/hosts/{host_id}/facts"): ONE,
    ("get", "/api/hosts/{host_id}/services"): ONE,
    ("post", "/api/hosts/{target_id}/test"): operate(),
    ("post", "/api/hosts/{target_id}/refresh"): operate(),
    ("post", "/api/hosts/{target_id}/rotate-key"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/restart-service"): operate({"service": "nginx.service"}),
    ("get", "/api/containers"): LIST,
    ("get", "/api/containers/{container_id}"): ONE,
    ("get", "/api/containers/{container_id}/logs"): ONE,
    ("post", "/api/containers/{target_id}/start"): operate(),
    ("post", "/api/containers/{target_id}/stop"): operate(),
    ("post", "/api/containers/{target_id}/restart"): operate(),
    ("post", "/api/containers/{target_id}/kill"): operate(),
    ("post", "/api/containers/{target_id}/pause"): operate(),
    ("post", "/api/containers/{target_id}/unpause"): operate(),
    ("post", "/api/containers/{target_id}/remove"): operate({"confirm_name": "shop-web-1"}),
    ("get", "/api/sites"): LIST,
    ("get", "/api/sites/{site_id}"): ONE,
    ("get", "/api/operations"): LIST,
    ("post", "/api/operations"): operate({"kind": "container.stop", "target_id": "CONTAINER"}),
    ("get", "/api/operations/{operation_id}"): ONE,
    ("get", "/api/operations/{operation_id}/output"): ONE,
    ("post", "/api/operations/{operation_id}/cancel"): operate(),
    ("post", "/api/operations/{operation_id}/retry"): operate(),
    ("post", "/api/wizards/start"): manage(201, {"wizard_type": "ssh_host"}, hidden=403),
    ("get", "/api/wizards"): OWN_LIST,
    ("get", "/api/wizards/{wizard_id}"): OWN,
    ("post", "/api/wizards/{wizard_id}/step"): own(CONNECTION),
    ("post", "/api/wizards/{wizard_id}/next"): own(),
    ("post", "/api/wizards/{wizard_id}/previous"): own(),
    ("post", "/api/wizards/{wizard_id}/test"): own(),
    ("post", "/api/wizards/{wizard_id}/complete"): own(),
    ("post", "/api/wizards/{wizard_id}/cancel"): own(),
    ("get", "/api/audit/logs"): LIST,
    ("post", "/api/audit/cleanup"): Answers(401, 403, 403, 403, 200, changes=True),
    ("get", "/api/audit/verify"): ADMINS,
    ("get", "/api/audit/export"): ADMINS,
    # Logging in: nobody's rights matter, only what is sent.
    ("post", "/api/auth/token"): everybody(401, {"username": "nobody", "password": "guessed"}),
    ("post", "/api/auth/refresh"): everybody(401, {"refresh": "guessed"}),
    ("post", "/api/auth/revoke"): everybody(204, {"refresh": "guessed"}),
    # About oneself: who is logged in may.
    ("get", "/api/auth/me"): OWN_LIST,
    ("post", "/api/auth/ws-ticket"): OWN_LIST,
    ("get", "/api/tokens"): OWN_LIST,
    ("post", "/api/tokens"): Answers(401, 201, 201, 201, 201, {"name": "ci", "scopes": ["read"]}),
    ("delete", "/api/tokens/{token_id}"): Answers(401, 404, 404, 404, 404),
    # Not part of its own description: a login is asked for by a redirect, as for a page.
    ("get", "/api/docs"): Answers(302, 200, 200, 200, 200),
    ("get", "/api/openapi.json"): Answers(302, 200, 200, 200, 200),
}

# topic (a dot at the end: with the key of a thing) → roles that may subscribe, else what is said
TOPICS: Final = {
    "sites": "forbidden",
    "containers": "forbidden",
    "containers.": "not_found",
    "hosts": "forbidden",
    "operations": "forbidden",
    "operation.": "not_found",
}
MAY_SUBSCRIBE: Final = {"bob", "alice", "admin"}

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
    "": (),  # nowhere: closed to everybody
}

# Whoever may run commands on the machine holds its database and keys: no roles there, but all
# that changes something is on record under the name of the operating system's user.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "audit": ("list", "verify", "cleanup", "export"),
    "container": (
        "list", "show", "logs",
        "start", "stop", "restart", "kill", "pause", "unpause", "remove",
    ),
    "host": (
        "list", "show", "facts", "services", "add", "approve-key", "confirm", "remove",
        "test", "refresh", "restart-service", "rotate-key", "tag",
    ),
    "operation": ("list", "show", "cancel", "retry"),
    "user": ("list", "show", "add", "role", "token", "disable", "enable"),
    "monitor": (),
    "prepare": (),
    "serve": (),
}  # fmt: skip
