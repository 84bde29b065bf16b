"""What commands read: secrets come by standard input, never as arguments that others can see."""

from __future__ import annotations

import sys

import typer


def from_stdin(what: str) -> str:
    """Asked for without showing it at a terminal, else the first line."""
    if sys.stdin.isatty():
        answer: str = typer.prompt(what.capitalize(), hide_input=True, err=True)
        return answer
    if line := sys.stdin.readline().rstrip("\r\n"):
        return line
    raise typer.BadParameter(f"There is no {what} on standard input.")
