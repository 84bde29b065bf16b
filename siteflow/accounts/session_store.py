"""Sessions in the database, for SESSION_ENGINE: under a hash of what the cookie holds.

Whoever reads the database or a copy of it cannot come in by what is there, as with tokens.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.utils import timezone

_COLUMN_CHARS: Final = 40  # of Django's table; 160 bits of the hash


def stored(key: str | None) -> str:
    """What the database calls the session with this key; "" without one."""
    return sha256(key.encode()).hexdigest()[:_COLUMN_CHARS] if key else ""


class SessionStore(InDatabase):
    """``session_key`` is the cookie's, the row's is ``stored(session_key)``."""

    def _validate_session_key(self, key: str | None) -> bool:
        """A cookie can hold anything, also a NUL that PostgreSQL does not even look for."""
        return bool(key and 8 <= len(key) <= 40 and key.isascii() and key.isalnum())

    @classmethod
    def reading(cls, row_key: str) -> SessionStore:
        """What is in the row with this key, for who does not know the cookie; never to be saved."""
        store = cls()
        row = cls._alive(row_key).first()
        store._session_cache = store.decode(row.session_data) if row else {}  # type: ignore[attr-defined]
        return store

    @classmethod
    def end(cls, row_key: str) -> None:
        cls.get_model_class().objects.filter(session_key=row_key).delete()

    @classmethod
    def _alive(cls, row_key: str) -> Any:
        rows = cls.get_model_class().objects
        return rows.filter(session_key=row_key, expire_date__gt=timezone.now())

    def _get_session_from_db(self) -> Any:
        return self._known(self._alive(stored(self.session_key)).first())

    async def _aget_session_from_db(self) -> Any:
        return self._known(await self._alive(stored(self.session_key)).afirst())

    def _known(self, row: Any) -> Any:
        """Nobody chooses the key of a session: one that is not there gets another."""
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(stored(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    async def acreate_model_instance(self, data: Any) -> Any:
        row = await super().acreate_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(stored(key))

    async def adelete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            await super().adelete(stored(key))
