"""Do to the tables what only someone who can drop triggers could do."""

from collections.abc import Iterable

from django.db import connection

from audit import guard
from audit.hashing import SEALED_FIELDS, seal
from audit.models import Entry, Head


def tamper(*statements: str) -> None:
    """Run SQL without the triggers and put them back, so that no trace but the data is left."""
    guard.remove(connection)
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
    guard.install(connection)


def write_anew(first: int, **changed: object) -> None:
    """Change entry `first`, then its hash, all later ones and the head: a perfect forgery."""
    guard.remove(connection)
    Entry.objects.filter(id=first).update(**changed)
    before = Entry.objects.filter(id__lt=first).order_by("-id").first()
    previous = before.hash if before else Head.objects.get().floor_hash
    for entry in in_order(Entry.objects.filter(id__gte=first)):
        values = {name: getattr(entry, name) for name in SEALED_FIELDS} | {"prev_hash": previous}
        Entry.objects.filter(id=entry.id).update(prev_hash=previous, hash=seal(values))
        previous = seal(values)
    Head.objects.update(hash=previous)
    guard.install(connection)


def cut_tail(last: int) -> None:
    """Delete all after entry `last` and let the head say that this is the end."""
    tamper(
        f"DELETE FROM audit_entry WHERE id > {last}",  # noqa: S608
        f"UPDATE audit_head SET seq = {last},"  # noqa: S608
        f" hash = (SELECT hash FROM audit_entry WHERE id = {last})",
    )


def inserted(entry_id: int) -> str:
    """SQL that inserts a copy of entry 3 under another number."""
    columns = ", ".join(name for name in (*SEALED_FIELDS, "hash") if name != "id")
    return (
        f"INSERT INTO audit_entry (id, {columns}) SELECT {entry_id}, {columns}"  # noqa: S608
        " FROM audit_entry WHERE id = 3"
    )


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.id)
