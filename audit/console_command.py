"""What all commands have in common: exit codes 0, 1 (failed) and 2 (wrong usage), short errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.core.management.base import CommandError
from django_typer.management import TyperCommand
from typer._click.exceptions import UsageError


class ConsoleCommand(TyperCommand):
    """A command whose anticipated errors end in one line on stderr, not in a traceback.

    Anticipated are a wrong usage and every exception of our own, known by its `code` and
    `message`. Code that calls a command gets a CommandError with the same exit code instead.
    """

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> Any:
        leave: Callable[..., Any] = super().__exit__
        if isinstance(exc_val, UsageError):
            leave(None, None, None)
            self._refuse(exc_val)
        message = getattr(exc_val, "message", None)
        if isinstance(message, str) and hasattr(exc_val, "code"):
            leave(None, None, None)
            raise CommandError(message) from exc_val
        return leave(exc_type, exc_val, exc_tb)

    def _refuse(self, error: UsageError) -> None:
        message = error.format_message()
        if not getattr(self, "_called_from_command_line", False):
            raise CommandError(message, returncode=2) from error
        path = error.ctx.command_path if error.ctx else f"manage.py {self._name}"
        self.stderr.write(f"{message}\nTry: {path} --help")
        sys.exit(2)
