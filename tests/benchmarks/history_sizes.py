"""What history takes, computed from how databases lay out rows, and what it really takes.

Nothing here was measured: sizes of headers and pages are those of the databases' own file formats
(sqlite.org/fileformat2.html; postgresql.org/docs/current/storage-page-layout.html), and
docs/performance.md has the same in words.
"""

from __future__ import annotations

import math
from typing import Final

from django.db import connection

from monitoring.history.levels import LEVELS, Level
from monitoring.history.places import LAST
from monitoring.metrics import METRICS

# A B-tree into which is inserted anywhere is that full on average (A. Yao, "On random 2-3 trees",
# Acta Informatica 9, 1978).
ANYWHERE: Final = math.log(2)
# PostgreSQL leaves pages so full where is inserted in order: at the end of the tree (fillfactor),
# and within it, where a full page is halved.
_AT_THE_END: Final = 0.9
_AMID: Final = 0.5
# Autovacuum begins when a fifth of the rows are dead; a page of an index that it found empty is
# used again only after the next one.
_DEAD: Final = 0.2


def points_of(elapsed_s: float) -> int:
    """Of one thing that has been measured for so long."""
    return sum(_points(level, elapsed_s) for level in LEVELS)


def _points(level: Level, elapsed_s: float) -> int:
    return min(int(elapsed_s), level.keep_s) // level.step_s


def bytes_of(kind: str, things: int, elapsed_s: float) -> float:
    """The table with its indexes, in the present database."""
    packed = 3 + 12 * len(METRICS[kind])
    points = points_of(elapsed_s)
    if connection.vendor == "sqlite":
        return things * points * _in_sqlite(packed) + _ENDS * 4096
    a_point = _in_postgresql(packed, _points(LAST, elapsed_s) / points)
    return things * points * a_point + _ENDS * 8192


# Where a level's keys begin and end, a page is half empty.
_ENDS: Final = len(LEVELS)


def _in_sqlite(packed: int) -> float:
    """A page has 4,096 bytes of which 8 are its header, and 2 for each entry to find it by."""
    level, at, series = 1, len("2024-01-01 00:00:00"), 2
    header = 1 + 4 + (1 if packed < 58 else 2)  # its own length, and the type of each column
    record = header + level + at + packed + series
    row = 2 + (1 if record < 128 else 2) + 9 + record
    entry = 2 + 1 + (1 + 4) + series + level + at + 8  # the last is the row's key
    return 4096 / (4088 // row) + entry * 4096 / 4088 / ANYWHERE


def _in_postgresql(packed: int, at_the_end: float) -> float:
    """A page has 8,192 bytes of which 24 are its header; all is aligned to 8. ``at_the_end`` is
    the share of points of the level that has the last keys."""
    data = 1 + packed if packed < 127 else 2 + 4 + packed  # it begins 2 bytes before such a place
    row = 4 + _aligned(24 + 8 + 8 + 8 + data) + 8
    by_key = (4 + 8 + 8) * (at_the_end / _AT_THE_END + (1 - at_the_end) / _AMID)
    by_step = (4 + 8 + _aligned(8 + 2) + 8) / ANYWHERE
    pages = (1 + _DEAD) * (8192 / (8168 // row) + by_step) + (1 + 2 * _DEAD) * by_key
    return pages


def _aligned(size: int) -> int:
    return -(-size // 8) * 8


def real_bytes() -> int:
    """Of the points with their indexes, without pages that are free for others."""
    with connection.cursor() as cursor:
        cursor.execute(_REAL[connection.vendor])
        return int(cursor.fetchone()[0] or 0)


_REAL: Final = {
    "sqlite": "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema "
    "WHERE tbl_name = 'monitoring_point')",
    "postgresql": "SELECT pg_relation_size('monitoring_point') + sum(pg_relation_size(indexrelid)) "
    "FROM pg_index WHERE indrelid = 'monitoring_point'::regclass",
}


def vacuum_if_due() -> None:
    """What autovacuum does, for who turns the clock faster than it can look."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_dead_tup > 50 + n_live_tup / 5 FROM pg_stat_user_tables "
                       "WHERE relname = 'monitoring_point'")  # fmt: skip
        if cursor.fetchone()[0]:
            cursor.execute("VACUUM monitoring_point")
