"""Append-only, enforced by the database itself, whoever is connected to it.

Entries are never changed; they are deleted only below the floor, which only rises; the next entry
continues the chain. What these triggers refuse, someone who may drop triggers can still do: that
is found by `audit.chain.verify`.

Migrations install this. On SQLite a migration that alters one of the two tables rebuilds it and
loses its triggers, so it must end with `install` again (a test checks the migrated database).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# INSERT OR REPLACE deletes rows without running triggers, hence the checks before inserts.
_SQLITE = {
    "audit_entry_insert": """
        BEFORE INSERT ON audit_entry
        WHEN NOT EXISTS (SELECT 1 FROM audit_head
                         WHERE NEW.id = seq + 1 AND NEW.prev_hash = hash)
        BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
    "audit_entry_update": """
        BEFORE UPDATE ON audit_entry
        BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
    "audit_entry_delete": """
        BEFORE DELETE ON audit_entry
        WHEN NOT EXISTS (SELECT 1 FROM audit_head WHERE OLD.id < floor)
        BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
    "audit_head_insert": """
        BEFORE INSERT ON audit_head
        WHEN EXISTS (SELECT 1 FROM audit_head) OR EXISTS (SELECT 1 FROM audit_entry)
        BEGIN SELECT RAISE(ABORT, 'the head of the audit only moves forward'); END""",
    "audit_head_update": """
        BEFORE UPDATE ON audit_head
        WHEN NEW.id <> OLD.id OR NEW.seq < OLD.seq OR NEW.floor < OLD.floor
        BEGIN SELECT RAISE(ABORT, 'the head of the audit only moves forward'); END""",
    "audit_head_delete": """
        BEFORE DELETE ON audit_head
        BEGIN SELECT RAISE(ABORT, 'the head of the audit only moves forward'); END""",
}

_POSTGRESQL_FUNCTIONS = """
CREATE OR REPLACE FUNCTION audit_guard_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM 1 FROM audit_head WHERE NEW.id = seq + 1 AND NEW.prev_hash = hash;
        IF FOUND THEN RETURN NEW; END IF;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM 1 FROM audit_head WHERE OLD.id < floor;
        IF FOUND THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = '23000';
END $$;
CREATE OR REPLACE FUNCTION audit_guard_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id = OLD.id AND NEW.seq >= OLD.seq AND NEW.floor >= OLD.floor THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM 1 FROM audit_head UNION ALL SELECT 1 FROM audit_entry;
        IF NOT FOUND THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'the head of the audit only moves forward' USING ERRCODE = '23000';
END $$;
"""

_POSTGRESQL = {
    "audit_entry_guard": "BEFORE INSERT OR UPDATE OR DELETE ON audit_entry FOR EACH ROW"
    " EXECUTE FUNCTION audit_guard_entry()",
    "audit_entry_truncate": "BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT"
    " EXECUTE FUNCTION audit_guard_entry()",
    "audit_head_guard": "BEFORE INSERT OR UPDATE OR DELETE ON audit_head FOR EACH ROW"
    " EXECUTE FUNCTION audit_guard_head()",
    "audit_head_truncate": "BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT"
    " EXECUTE FUNCTION audit_guard_head()",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make (or make again) the triggers on this connection's database."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_FUNCTIONS)
        for name, definition in _triggers(connection).items():
            cursor.execute(f"CREATE TRIGGER {name} {definition}")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: for undoing the migration, and for tests that empty the tables."""
    with connection.cursor() as cursor:
        for name in _triggers(connection):
            table = "audit_entry" if name.startswith("audit_entry") else "audit_head"
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def _triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    if connection.vendor == "sqlite":
        return _SQLITE
    if connection.vendor == "postgresql":
        return _POSTGRESQL
    raise NotImplementedError(f"no append-only triggers for {connection.vendor}")
