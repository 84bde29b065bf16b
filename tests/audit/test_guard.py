import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit.models import Entry, Head
from audit.record import Actor, record

pytestmark = pytest.mark.django_db

ENTRY = "audit entries are append-only"
HEAD = "the head of the audit only moves forward"


@pytest.fixture(autouse=True)
def three_entries() -> None:
    for number in range(3):
        record(
            phase="event", action="host.test", status="succeeded", actor=Actor.system(f"{number}")
        )


def refused(sql: str, message: str) -> None:
    with (
        pytest.raises(DatabaseError, match=message),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET action = 'x.y' WHERE id = 2",
        "UPDATE audit_entry SET id = 9 WHERE id = 2",
        "UPDATE audit_entry SET action = action",
        "DELETE FROM audit_entry WHERE id = 1",
        "DELETE FROM audit_entry WHERE id = 3",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE id = 3",
    ],
)
def test_entries_are_append_only(sql: str) -> None:
    refused(sql, ENTRY)
    assert Entry.objects.count() == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_head SET seq = 2",
        "UPDATE audit_head SET seq = seq - 1, hash = 'x'",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head (id, seq, hash, floor, floor_hash) VALUES (1, 9, 'x', 1, 'x')",
    ],
)
def test_the_head_only_moves_forward(sql: str) -> None:
    refused(sql, HEAD)
    assert Head.objects.get().seq == 3


def test_the_floor_never_falls_and_frees_what_is_below() -> None:
    Head.objects.update(floor=3)
    refused("UPDATE audit_head SET floor = 2", HEAD)
    refused("DELETE FROM audit_entry WHERE id = 3", ENTRY)
    Entry.objects.filter(id__lt=3).delete()
    assert [entry.id for entry in Entry.objects.all()] == [3]


# REPLACE deletes without running triggers, TRUNCATE runs only those made for it.
WAYS_ROUND = {
    "sqlite": [
        ("INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE id = 2", ENTRY),
        ("INSERT OR REPLACE INTO audit_head SELECT * FROM audit_head", HEAD),
    ],
    "postgresql": [
        ("TRUNCATE audit_entry", ENTRY),
        ("TRUNCATE audit_head", HEAD),
        ("INSERT INTO audit_entry SELECT * FROM audit_entry WHERE id = 2 ON CONFLICT (id)"
         " DO UPDATE SET action = 'x.y'", ENTRY),
    ],
}  # fmt: skip


def test_the_engine_s_own_ways_round_are_closed() -> None:
    for sql, message in WAYS_ROUND[connection.vendor]:
        refused(sql, message)
    assert Entry.objects.filter(action="host.test").count() == 3


def test_flush_is_refused() -> None:
    with pytest.raises(CommandError, match="couldn't be flushed"):
        call_command("flush", interactive=False)
    assert Entry.objects.count() == 3
