import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from audit import copy
from audit.chain import verify
from audit.models import Entry
from audit.record import Actor, record
from audit.retention import cleanup
from tests.audit.conftest import Put
from tests.audit.tampering import cut_tail, write_anew

pytestmark = pytest.mark.django_db


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for path in copy.files() for line in path.read_bytes().splitlines()]


def ids() -> list[int]:
    return [line["id"] for line in lines()]


def put_and_crash() -> Entry:
    """Committed, but the process died before the line was written."""
    return record(phase="event", action="host.test", status="failed", actor=Actor.system("crash"))


@pytest.fixture(params=["error", "short"])
def disk_full(request: pytest.FixtureRequest) -> Iterator[pytest.MonkeyPatch]:
    write = os.write

    def fail(file: int, data: bytes) -> int:
        if request.param == "short":
            return write(file, data[:20])
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", fail)
        yield patch


def test_a_line_per_entry_that_anyone_can_check(put: Put, copy_folder: Path) -> None:
    for number in range(3):
        put(output=f"line\n{number} – ü", before={"n": number})
    assert ids() == [1, 2, 3]
    previous = "0" * 64
    for line in lines():
        sealed = line.pop("hash")
        assert line["prev_hash"] == previous
        text = json.dumps(line, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == sealed
        previous = sealed
    assert [stat.S_IMODE(path.stat().st_mode) for path in (copy_folder, *copy.files())] == [
        0o700,
        0o600,
    ]


def test_a_file_per_month(put: Put) -> None:
    for month in (1, 2, 2, 1):  # the last by a clock that was set back
        with time_machine.travel(datetime(2031, month, 3, tzinfo=UTC)):
            put()
    assert [path.name for path in copy.files()] == ["audit-2031-01.jsonl", "audit-2031-02.jsonl"]
    assert ids() == [1, 2, 3, 4]


def test_what_a_crash_left_out_comes_with_the_next_entry(put: Put) -> None:
    put()
    put_and_crash()
    put_and_crash()
    assert ids() == [1]
    put()
    assert ids() == [1, 2, 3, 4]


def test_what_a_crash_left_out_comes_with_a_sync(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "BATCH", 2)
    for _ in range(5):
        put_and_crash()
    assert verify().notes[0].startswith("there is no copy")
    assert copy.sync() == 5
    assert copy.sync() == 0
    assert ids() == [1, 2, 3, 4, 5]
    assert verify().notes == ()


def test_half_a_line_is_replaced(put: Put) -> None:
    put()
    put(output="x" * 9_000)
    path = copy.files()[0]
    path.write_bytes(path.read_bytes()[:-4_000])
    assert copy.last_mark() == next(iter(copy.marks()))
    put()
    assert ids() == [1, 2, 3]
    assert verify().notes == ()


def test_only_half_a_line_is_there(put: Put) -> None:
    put()
    copy.files()[0].write_bytes(b'{"id":1,')
    assert copy.last_mark() is None and list(copy.marks()) == []
    put()
    assert ids() == [1, 2]


@pytest.mark.parametrize("size", [10, 8_000, 16_000, 16_384, 17_000, 60_000])
def test_lines_of_any_length_are_found_from_the_end(put: Put, size: int) -> None:
    put()
    entry = put(
        before={str(number): "y" * 6_000 for number in range(size // 6_000)}
        | {"z": "z" * (size % 6_000)}
    )
    assert copy.last_mark() == copy.Mark(2, entry.hash)


def test_a_full_disk_breaks_no_request(
    put: Put, disk_full: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put()
    put()
    assert "audit copy not written" in caplog.text
    assert list(copy.marks()) == []
    disk_full.undo()
    put()
    assert ids() == [1, 2, 3]


def test_a_writer_that_hangs_holds_nobody_up(
    put: Put, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put()
    monkeypatch.setattr(copy, "LOCK_WAIT_S", 0.02)
    with (copy.folder() / ".lock").open("w") as frozen:
        fcntl.flock(frozen, fcntl.LOCK_EX)
        put()
        assert "audit copy not written" in caplog.text
    put()
    assert ids() == [1, 2, 3]


def test_another_chain_does_not_continue_the_copy(
    put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        put()
    write_anew(2, actor_name="bob")
    put()
    assert "run `manage.py audit verify`" in caplog.text
    assert ids() == [1, 2, 3, 4, 5]


def test_an_older_database_does_not_continue_the_copy(
    put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        put()
    cut_tail(2)
    put()
    assert "an older dump was restored" in caplog.text
    assert ids() == [1, 2, 3, 4, 5]


def test_made_anew_the_copy_fits_again_and_the_old_one_stays(put: Put) -> None:
    for _ in range(5):
        put()
    cut_tail(2)
    put(output="after the dump was restored")
    aside, count = copy.remake()
    assert count == 3
    assert ids() == [1, 2, 3]
    assert verify().ok
    assert len((aside / copy.files()[0].name).read_bytes().splitlines()) == 5


def test_what_was_deleted_before_it_was_copied_is_a_gap(put: Put) -> None:
    put()
    with time_machine.travel(datetime.now(UTC) - timedelta(days=5)):
        put_and_crash()
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(days=5)),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(copy, "sync", lambda: 0)
        assert cleanup(actor=Actor.system("schedule"), older_than_days=1) == 2
    put()
    assert ids() == [1, 3, 4]
    assert verify().ok


def test_garbage_is_not_continued(put: Put, caplog: pytest.LogCaptureFixture) -> None:
    put()
    copy.files()[0].write_bytes(b"[1, 2]\n")
    put()
    assert "holds a line that is no entry" in caplog.text
