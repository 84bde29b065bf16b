"""Sessions in the database, for SESSION_ENGINE. A key that none of ours looks like is none."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as InDatabase


class SessionStore(InDatabase):
    """A cookie can hold anything, also a NUL that PostgreSQL does not even look for."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and 8 <= len(key) <= 40 and key.isascii() and key.isalnum())
