import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from audit.hashing import LATER, SEALED_FIELDS, portable, seal

VALUES: dict[str, Any] = dict.fromkeys(SEALED_FIELDS) | {
    "id": 3,
    "at": datetime(2031, 5, 6, 7, 8, 9, 5, UTC),
    "before": {"b": 1, "a": "ü"},
    "remote_addr": "::1",
}


def test_the_seal_can_be_computed_by_anyone() -> None:
    text = json.dumps(portable(VALUES), sort_keys=True, separators=(",", ":"))
    assert '"at":"2031-05-06T07:08:09.000005+00:00"' in text
    assert '"before":{"a":"\\u00fc","b":1}' in text
    assert seal(VALUES) == hashlib.sha256(text.encode()).hexdigest()


def test_a_field_that_came_later_leaves_older_seals_as_they_were() -> None:
    assert not set(LATER) & set(portable(VALUES))
    assert seal(VALUES | {"host_id": 3}) != seal(VALUES)


def test_another_spelling_of_the_same_is_the_same() -> None:
    east = timezone(timedelta(hours=2))
    again = VALUES | {"at": VALUES["at"].astimezone(east), "remote_addr": "0:0:0:0:0:0:0:1"}
    assert seal(again) == seal(VALUES)


@pytest.mark.parametrize("name", [name for name in SEALED_FIELDS if name not in ("at",)])
def test_every_field_counts(name: str) -> None:
    assert seal(VALUES | {name: "192.0.2.9"}) != seal(VALUES)
    later = VALUES["at"] + timedelta(microseconds=1)
    assert seal(VALUES | {"at": later}) != seal(VALUES)


def test_all_but_the_hash_itself_is_sealed() -> None:
    from audit.models import Entry

    assert {*SEALED_FIELDS, "hash"} == {field.attname for field in Entry._meta.fields}
