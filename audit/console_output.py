"""What commands print: a table for people, JSON for scripts. Used by every app's commands."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TextIO, cast

import typer
from django.core.management.base import OutputWrapper
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough that a table read by another program is not folded.
_WIDTH_WITHOUT_TERMINAL = 240

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def print_rows(
    rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str], as_json: bool, to: OutputWrapper
) -> None:
    """Many things: a table with these columns, or all their fields as a JSON array."""
    if as_json:
        return print_json(list(rows), to=to)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _console(to).print(table)


def print_fields(fields: Mapping[str, Any], *, as_json: bool, to: OutputWrapper) -> None:
    """One thing: a line per field, or a JSON object."""
    if as_json:
        return print_json(fields, to=to)
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in fields.items():
        table.add_row(Text(name, style="bold"), _cell(value))
    _console(to).print(table)


def print_styled(lines: Iterable[tuple[str, str]], *, to: OutputWrapper) -> None:
    """Lines with a style each ("green", "bold", …), which only a terminal shows."""
    console = _console(to)
    for text, style in lines:
        console.print(Text(printable(text), style=style), soft_wrap=True)


def print_json(value: Any, *, to: OutputWrapper) -> None:
    """ASCII only, so that nothing in a name can steer the terminal."""
    to.write(json.dumps(value, indent=2, cls=DjangoJSONEncoder) + "\n")


def printable(text: str) -> str:
    """Text from outside with control and direction characters made visible (ESC as `\\x1b`)."""
    return "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else _escaped(char)
        for char in text
    )


def one_line(text: str) -> str:
    """As ``printable``, line feeds included: an error may quote what was typed."""
    return printable(text).replace("\n", "\\n")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _cell(value: Any) -> Text:
    if value is None:
        return Text("–", style="dim")
    if isinstance(value, datetime):
        return Text(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list | tuple):
        value = "\n".join(str(item) for item in value)
    return Text(printable(str(value)))


def _console(to: OutputWrapper) -> Console:
    width = None if to.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=cast(TextIO, to), width=width, highlight=False, markup=False, emoji=False)
