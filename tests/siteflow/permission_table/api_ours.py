"""Addresses of the API about operations, wizards, the audit and logging in."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow.matrix.rows import (
    AUDIT,
    AUDIT_KEEPERS,
    ONE_OPERATION,
    OPERATIONS,
    OWN,
    OWN_LIST,
    Row,
    everybody,
    manage,
    of_operation,
    own,
)
from tests.siteflow.permission_table.sent import CONNECTION

API: Final[dict[tuple[str, str], Row]] = {
    ("get", "/api/operations"): OPERATIONS,
    # by verb, as they stand above
    ("post", "/api/operations"): Row(
        202, body={"kind": "container.stop", "target_id": "CONTAINER"}
    ),
    ("get", "/api/operations/{operation_id}"): ONE_OPERATION,
    ("get", "/api/operations/{operation_id}/output"): ONE_OPERATION,
    ("post", "/api/operations/{operation_id}/cancel"): of_operation(),
    ("post", "/api/operations/{operation_id}/retry"): of_operation(),
    ("post", "/api/wizards/start"): manage(201, {"wizard_type": "ssh_host"}, hidden=403),
    ("get", "/api/wizards"): OWN_LIST,
    ("get", "/api/wizards/{wizard_id}"): OWN,
    ("post", "/api/wizards/{wizard_id}/step"): own(CONNECTION),
    ("post", "/api/wizards/{wizard_id}/next"): own(),
    ("post", "/api/wizards/{wizard_id}/previous"): own(),
    ("post", "/api/wizards/{wizard_id}/test"): own(needs="manage operate", prepare="idle"),
    ("post", "/api/wizards/{wizard_id}/complete"): own(),
    ("post", "/api/wizards/{wizard_id}/cancel"): own(),
    ("get", "/api/audit/logs"): AUDIT,
    ("post", "/api/audit/cleanup"): AUDIT_KEEPERS,
    ("get", "/api/audit/verify"): AUDIT_KEEPERS,
    ("get", "/api/audit/export"): AUDIT_KEEPERS,
    # Logging in: nobody's rights matter, only what is sent.
    ("post", "/api/auth/token"): everybody(401, {"username": "nobody", "password": "guessed"}),
    ("post", "/api/auth/refresh"): everybody(401, {"refresh": "guessed"}),
    ("post", "/api/auth/revoke"): everybody(204, {"refresh": "guessed"}),
    # About oneself: who is logged in may.
    ("get", "/api/auth/me"): OWN_LIST,
    ("post", "/api/auth/ws-ticket"): OWN_LIST,
    ("get", "/api/tokens"): OWN_LIST,
    ("post", "/api/tokens"): replace(
        OWN_LIST, status=201, needs="tokens", body={"name": "ci", "scopes": ["read"]}, changes=True
    ),
    ("delete", "/api/tokens/{token_id}"): replace(OWN, status=204, needs="tokens", changes=True),
}
