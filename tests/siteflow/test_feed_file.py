from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine

from siteflow.feed_file import PRUNE_EVERY, FeedFile


@pytest.fixture
def make(tmp_path: Path) -> Any:
    return partial(FeedFile, tmp_path / "feed.sqlite3", keep_s=600, keep_rows=20_000)


def append(file: FeedFile, count: int) -> None:
    for number in range(count):
        file.append(sender="me", group="feed", body=str(number))


def test_rows_come_in_order_and_only_those_after(make: Any) -> None:
    file = make()
    append(file, 5)
    assert [row.body for row in file.after(2, limit=2)] == ["2", "3"]
    assert [row.id for row in file.after(2, limit=9)] == [3, 4, 5]


def test_only_the_newest_rows_are_kept(make: Any) -> None:
    file = make(keep_rows=10)
    append(file, PRUNE_EVERY)
    assert [row.id for row in file.after(0, limit=99)] == list(
        range(PRUNE_EVERY - 9, PRUNE_EVERY + 1)
    )


def test_old_rows_are_removed_and_their_ids_not_given_again(make: Any) -> None:
    file = make(keep_s=60)
    with time_machine.travel("2024-01-01 10:00Z", tick=False) as clock:
        append(file, PRUNE_EVERY - 1)
        clock.shift(61)
        append(file, 1)
        assert [row.id for row in file.after(0, limit=9)] == [PRUNE_EVERY]
        clock.shift(61)
        append(file, PRUNE_EVERY)
    assert file.last_id() == 2 * PRUNE_EVERY


def test_a_new_file_is_a_new_generation(make: Any) -> None:
    file = make()
    append(file, 3)
    assert file.generation == 1
    file.path.unlink()
    assert file.after(0, limit=9) == []
    assert file.generation == 2


def test_a_full_disk_is_the_callers_to_know(make: Any) -> None:
    file = make()
    append(file, 1)
    assert file._connection is not None
    file._connection.execute("PRAGMA max_page_count=1")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        file.append(sender="me", group="feed", body="x" * 1_000_000)
    assert file.generation == 1
