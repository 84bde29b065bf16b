"""By what a socket comes in: a one-time ticket, a token in the header, or the session's cookie."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from audit.actor import Actor
from siteflow.accounts import tickets
from siteflow.accounts.access import TokenRefused
from siteflow.accounts.credentials import Credential, of_bearer
from siteflow.accounts.session_store import stored
from siteflow.limits import of_address, refuse_if_spent, spend


def offered(scope: dict[str, Any]) -> tuple[str, str]:
    """``ticket``, ``bearer`` or ``cookie``, and the secret. Browsers add only the last unasked."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if ticket := query.get("ticket"):
        return "ticket", ticket[0]
    header = dict(scope.get("headers", ())).get(b"authorization", b"").decode("latin-1")
    scheme, _, text = header.partition(" ")
    return ("bearer", text.strip()) if scheme.lower() == "bearer" else ("cookie", "")


def credential_of(scope: dict[str, Any]) -> Credential | None:
    """What the socket stands on; a ticket is used up. Whether it is any good shows later.

    Guesses count like requests without login. Raises TooMany when their address has spent those.
    """
    way, text = offered(scope)
    if way == "cookie":
        key = stored(scope["session"].session_key)
        return Credential("session", key) if key else None
    address = Actor.of_scope(scope).remote_addr
    refuse_if_spent([of_address(address)])
    found = tickets.use(text) if way == "ticket" else _of_bearer(text, address)
    if found is None:
        spend([of_address(address)])
    return found


def _of_bearer(text: str, address: str | None) -> Credential | None:
    try:
        return of_bearer(text, address=address)[0]
    except TokenRefused:
        return None
