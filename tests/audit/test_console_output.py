import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management.base import OutputWrapper

from audit.console_output import print_fields, print_rows, printable

ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "[bold]web[/bold] :smile:", "at": datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)},
    {"id": 2, "name": "\x1b]0;owned\x07\u202egnp", "at": None},
]


@pytest.fixture
def out() -> OutputWrapper:
    return OutputWrapper(io.StringIO())


def text_of(out: OutputWrapper) -> str:
    text = out._out.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_a_table_shows_what_is_there_and_runs_nothing(out: OutputWrapper) -> None:
    print_rows(ROWS, columns=["id", "name", "at"], as_json=False, to=out)
    lines = text_of(out).splitlines()
    assert lines[0].split() == ["id", "name", "at"]
    assert "[bold]web[/bold] :smile:" in lines[1] and "2031-01-02 03:04:05" in lines[1]
    assert r"\x1b]0;owned\x07\u202egnp" in lines[2] and lines[2].rstrip().endswith("–")
    assert "\x1b" not in text_of(out)


def test_json_has_all_fields_and_only_ascii(out: OutputWrapper) -> None:
    print_rows(ROWS, columns=["id"], as_json=True, to=out)
    assert text_of(out).isascii() and "\x1b" not in text_of(out)
    rows = json.loads(text_of(out))
    assert [row["name"] for row in rows] == [row["name"] for row in ROWS]
    assert rows[0]["at"] == "2031-01-02T03:04:05Z"


def test_one_thing(out: OutputWrapper) -> None:
    print_fields({"ok": True, "notes": ("a", "b"), "none": None}, as_json=False, to=out)
    assert [line.split() for line in text_of(out).splitlines()] == [
        ["ok", "yes"],
        ["notes", "a"],
        ["b"],
        ["none", "–"],
    ]


def test_printable_keeps_lines_and_letters() -> None:
    assert printable("zwei\nZeilen ü 😀") == "zwei\nZeilen ü 😀"
    assert printable("a\rb\tc\x9b") == r"a\rb\tc\x9b"
