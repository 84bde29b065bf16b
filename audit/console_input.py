"""What commands read: secrets come by standard input, never as arguments that others can see."""

from __future__ import annotations

import sys
from typing import Final

import typer

MAX_CHARS: Final = 10_000


def from_stdin(what: str) -> str:
    """Asked for without showing it at a terminal, else the first line."""
    if sys.stdin.isatty():
        answer: str = typer.prompt(what.capitalize(), hide_input=True, err=True)
        return answer
    line = _first_line(what).rstrip("\r\n")
    if not line:
        raise typer.BadParameter(f"There is no {what} on standard input.")
    if len(line) > MAX_CHARS:
        raise typer.BadParameter(f"The {what} has more than {MAX_CHARS} characters.")
    return line


def _first_line(what: str) -> str:
    """What never ends is not read to its end; bytes may not be text in any locale."""
    try:
        line = sys.stdin.readline(MAX_CHARS + 3)
        line.encode()
    except UnicodeError:
        raise typer.BadParameter(f"The {what} is not valid UTF-8.") from None
    return line
