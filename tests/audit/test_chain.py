from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from audit import chain, copy
from audit.chain import Verdict, verify
from audit.hashing import seal
from audit.models import Entry, Head
from audit.record import Actor
from audit.retention import cleanup
from tests.audit.conftest import Put
from tests.audit.tampering import cut_tail, inserted, tamper, write_anew

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[2, 3, 2000])
def batch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict does not depend on where a batch ends."""
    monkeypatch.setattr(chain, "BATCH", request.param)


@pytest.fixture
def ten(put: Put) -> Iterator[None]:
    for number in range(10):
        put(target_id=number, before={"n": number}, output=f"line {number}")
    yield


@pytest.fixture
def no_copy(ten: None) -> None:
    for path in copy.files():
        path.unlink()


def test_an_untouched_chain(ten: None) -> None:
    assert verify() == Verdict(ok=True, checked=10)


def test_an_empty_chain(put: Put) -> None:
    verdict = verify()
    assert (verdict.ok, verdict.checked) == (True, 0)


SWAP = (
    "UPDATE audit_entry SET id = -1 WHERE id = 4",
    "UPDATE audit_entry SET id = 4 WHERE id = 7",
    "UPDATE audit_entry SET id = 7 WHERE id = -1",
)
TAMPERINGS = {
    "edit": (["UPDATE audit_entry SET action = 'host.add' WHERE id = 4"], 4, "was changed"),
    "edit the first": (["UPDATE audit_entry SET output = '' WHERE id = 1"], 1, "was changed"),
    "edit the last": (["UPDATE audit_entry SET output = '' WHERE id = 10"], 10, "was changed"),
    "edit JSON": (["UPDATE audit_entry SET before = '{\"n\": 9}' WHERE id = 4"], 4, "was changed"),
    "edit the hash": (["UPDATE audit_entry SET hash = 'x' WHERE id = 4"], 4, "was changed"),
    "delete": (["DELETE FROM audit_entry WHERE id = 4"], 4, "entry 4 is missing, 5 follows"),
    "delete some": (["DELETE FROM audit_entry WHERE id BETWEEN 4 AND 8"], 4, "is missing"),
    "delete the first": (["DELETE FROM audit_entry WHERE id = 1"], 1, "entry 1 is missing"),
    "delete the last": (["DELETE FROM audit_entry WHERE id = 10"], 10, "head is at 10"),
    "delete all": (["DELETE FROM audit_entry"], 1, "head is at 10"),
    "swap": (list(SWAP), 4, "was changed"),
    "renumber": (["UPDATE audit_entry SET id = id + 1 WHERE id = 10"], 10, "is missing"),
    "close a gap": (
        ["DELETE FROM audit_entry WHERE id = 10", "UPDATE audit_entry SET id = 10 WHERE id = 9"],
        9,
        "entry 9 is missing, 10 follows",
    ),
    "insert": (
        [
            "UPDATE audit_entry SET id = 11 WHERE id = 10",
            inserted(10),
        ],
        10,
        "was changed",
    ),
    "insert beyond the head": (
        [inserted(11)],
        11,
        "inserted beyond the head",
    ),
    "insert below the floor": (
        [inserted(0)],
        0,
        "inserted below the first kept",
    ),
    "cut the front": (["DELETE FROM audit_entry WHERE id < 4"], 1, "entry 1 is missing"),
    "cut the front and raise the floor": (
        ["UPDATE audit_head SET floor = 4", "DELETE FROM audit_entry WHERE id < 4"],
        3,
        "entry 4 was not appended to what stands before it",
    ),
    "cut the front, raise the floor, mend its hash": (
        [
            "UPDATE audit_head SET floor = 4,"
            " floor_hash = (SELECT hash FROM audit_entry WHERE id = 3)",
            "DELETE FROM audit_entry WHERE id < 4",
        ],
        4,
        "no clean-up is on record for the entries before 4",
    ),
    "remove the head": (["DELETE FROM audit_head"], 1, "head of the chain is gone"),
    "move the head back": (["UPDATE audit_head SET seq = 8"], 8, "not the one the head"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "first_bad_id", "reason"), TAMPERINGS.values(), ids=TAMPERINGS
)
def test_tampering_is_found_and_named(
    no_copy: None, batch: None, statements: list[str], first_bad_id: int, reason: str
) -> None:
    tamper(*statements)
    verdict = verify()
    assert not verdict.ok
    assert (verdict.first_bad_id, reason in verdict.reason) == (first_bad_id, True), verdict


def test_an_edit_sealed_again_is_found_by_the_next_entry(no_copy: None) -> None:
    entry = Entry.objects.get(id=4)
    entry.action = "host.add"
    forged = seal(vars(entry))
    tamper(
        "UPDATE audit_entry SET action = 'host.add' WHERE id = 4",
        f"UPDATE audit_entry SET hash = '{forged}' WHERE id = 4",  # noqa: S608
    )
    assert (verify().ok, verify().first_bad_id) == (False, 4)


def test_a_head_sealed_with_another_last_entry(no_copy: None) -> None:
    tamper("UPDATE audit_head SET hash = 'x'")
    assert (verify().ok, verify().first_bad_id) == (False, 10)


def test_a_row_that_cannot_be_read_is_named(no_copy: None, batch: None) -> None:
    """SQLite stores any text as a time, or bytes that are no text; PostgreSQL refuses it."""
    if connection.vendor == "sqlite":
        tamper("UPDATE audit_entry SET at = 'yesterday' WHERE id = 6")
        assert (verify().first_bad_id, "was changed" in verify().reason) == (6, True)
        tamper(
            "PRAGMA ignore_check_constraints = ON",
            "UPDATE audit_entry SET before = '{', action = CAST(X'ff' AS TEXT) WHERE id = 5",
            "PRAGMA ignore_check_constraints = OFF",
        )
        assert (verify().first_bad_id, "cannot be read" in verify().reason) == (5, True)
    else:
        tamper("ALTER TABLE audit_entry ALTER at DROP NOT NULL",
               "UPDATE audit_entry SET at = NULL WHERE id = 6")  # fmt: skip
        assert (verify().ok, verify().first_bad_id) == (False, 6)


def test_a_cut_tail_with_its_head_is_found_by_the_copy(ten: None) -> None:
    cut_tail(7)
    verdict = verify()
    assert (verdict.ok, verdict.first_bad_id) == (False, 8)
    assert "the copy reaches to entry 10, the database only to 7" in verdict.reason


def test_without_a_copy_a_cut_tail_is_not_found_and_that_is_said(no_copy: None) -> None:
    cut_tail(7)
    assert verify().ok
    assert verify().notes == (
        "there is no copy to compare with: a tail that was cut off cannot be seen",
    )


def test_a_chain_written_anew_is_found_by_the_copy(ten: None) -> None:
    write_anew(4, actor_name="bob")
    verdict = verify()
    assert (verdict.ok, verdict.first_bad_id) == (False, 4)
    assert "the copy says otherwise" in verdict.reason


def test_a_chain_written_anew_stays_found_when_more_is_recorded(ten: None, put: Put) -> None:
    write_anew(4, actor_name="bob")
    put()
    assert verify().first_bad_id == 4


def test_lines_that_the_copy_lacks_are_no_fault(ten: None) -> None:
    path = copy.files()[0]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:7]))
    assert verify() == Verdict(ok=True, checked=10, notes=("the copy lacks the last 3 entries",))


def test_a_copy_that_cannot_be_read_is_said(ten: None) -> None:
    copy.files()[0].write_bytes(b"garbage\n")
    assert verify().ok
    assert "holds a line that is no entry" in verify().notes[0]


def test_from_a_number_on(ten: None, no_copy: None) -> None:
    assert verify(start=8).checked == 3
    assert verify(start=11).checked == 0
    assert verify(start=10**30).ok and verify(start=-5).checked == 10
    tamper("UPDATE audit_entry SET output = '' WHERE id = 4")
    assert verify(start=6).ok
    assert verify(start=2).first_bad_id == 4
    tamper("DELETE FROM audit_entry WHERE id = 7")
    assert verify(start=8).first_bad_id == 7


def test_a_clean_up_during_the_walk_is_no_tampering(
    ten: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = chain._read

    def read_after_clean_up(first: int, last: int, limit: int) -> list[dict[str, object]]:
        monkeypatch.setattr(chain, "_read", read)
        with time_machine.travel(Entry.objects.latest("id").at.timestamp() + 3 * 86_400):
            assert cleanup(actor=Actor.system("schedule"), older_than_days=1) == 10
        return read(first, last, limit)

    monkeypatch.setattr(chain, "_read", read_after_clean_up)
    verdict = verify()
    assert verdict.ok and Head.objects.get().floor == 11


def test_memory_and_queries_do_not_grow_with_each_row(
    ten: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(9):
        verify()
