"""What the name of an entry says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.backups.names import is_nothing, is_temporary, time_of_folder

NIGHT = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", [b".hidden", b"@eaDir", b"lost+found", b"#recycle", b"x" * 256])
def test_what_is_no_backup(name: bytes) -> None:
    assert is_nothing(name) and not is_nothing(b"backup")


@pytest.mark.parametrize("name", [b"a.tar.gz.part", b"A.TMP", b"x.partial", b"a.filepart", b"a~"])
def test_what_is_half_written_by_its_name(name: bytes) -> None:
    assert is_temporary(name) and not is_temporary(b"a.tar.gz") and not is_temporary(b"part.tar")


@pytest.mark.parametrize(
    ("name", "time"),
    [
        (b"2026-01-05", NIGHT),  # its newest file is of that day
        (b"shop-20260105", NIGHT),
        (b"2026-01-04", NIGHT),  # as it may be that day somewhere
        (b"2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        (b"2026-01-09_0130", datetime(2026, 1, 9, 1, 30, tzinfo=UTC)),
        (b"2026-02-31", NIGHT),  # no day at all
        (b"120260102", NIGHT),
        (b"latest", NIGHT),
    ],
)
def test_when_a_folder_was_made(name: bytes, time: datetime) -> None:
    assert time_of_folder(name, NIGHT) == time


def test_copied_files_that_are_years_old_make_no_folder_old() -> None:
    old = NIGHT - timedelta(days=900)
    assert time_of_folder(b"shop_2026-01-05T02:30:00", old) == NIGHT
