"""Entries as JSON lines or CSV, oldest first, in pieces: an export may be larger than memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from audit.copy import line_of
from audit.filters import EntryFilter
from audit.hashing import SEALED_FIELDS, portable
from audit.models import Entry, EntryQuerySet, Phase, Status
from audit.record import Actor, record

BATCH = 500
COLUMNS = (*SEALED_FIELDS, "hash")
# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"

    @property
    def content_type(self) -> str:
        return "application/x-ndjson" if self is Format.JSONL else "text/csv; charset=utf-8"


def start_export(*, actor: Actor, chosen: EntryFilter, form: Format) -> Iterator[bytes]:
    """Put the export on record, then return its pieces, read as they are asked for."""
    wanted = chosen.model_dump(mode="json", exclude_defaults=True)
    entry = record(
        phase=Phase.EVENT,
        action="audit.export",
        status=Status.SUCCEEDED,
        actor=actor,
        target_type="audit",
        after={"format": form, "filters": wanted},
    )
    return pieces(chosen.apply(Entry.objects.filter(id__lt=entry.id)), form)


def pieces(queryset: EntryQuerySet, form: Format) -> Iterator[bytes]:
    """The entries of the queryset, some hundred to a piece."""
    if form is Format.CSV:
        yield _csv([COLUMNS])
    for batch in _batches(queryset):
        if form is Format.CSV:
            yield _csv([_cells(values) for values in batch])
        else:
            yield b"".join(line_of(values) for values in batch)


def _batches(queryset: EntryQuerySet) -> Iterator[list[dict[str, Any]]]:
    rows = queryset.order_by("id").values(*COLUMNS)
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(id__gt=batch[-1]["id"])[:BATCH])


def _cells(values: dict[str, Any]) -> list[str]:
    plain = {**portable(values), "hash": values["hash"]}
    return [_cell(plain.get(name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv(rows: list[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
