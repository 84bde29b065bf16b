"""What all commands have in common: exit codes 0, 1 (failed) and 2 (wrong usage), short errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from django.core.management.base import CommandError
from django_typer.management import TyperCommand
from typer._click.exceptions import BadParameter, UsageError

from audit.console_output import one_line

MAX_ARGUMENT: Final = 10_000  # characters; SQLite compares no more than 50,000 bytes by LIKE


class ConsoleCommand(TyperCommand):
    """A command whose anticipated errors end in one line on stderr, not in a traceback.

    Anticipated are a wrong usage and every exception of our own, known by its `code` and
    `message`. Code that calls a command gets a CommandError with the same exit code instead.
    """

    def run_from_argv(self, argv: list[str]) -> Any:
        """What no database takes is refused before it is looked for anywhere."""
        if reason := next(filter(None, map(_wrong_with, argv)), ""):
            self._called_from_command_line = True
            self._refuse(BadParameter(reason))
        run: Callable[[list[str]], Any] = super().run_from_argv
        return run(argv)

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
            raise CommandError(one_line(message)) from exc_val
        if isinstance(exc_val, CommandError):
            leave(None, None, None)
            raise CommandError(one_line(str(exc_val)), returncode=exc_val.returncode) from exc_val
        return leave(exc_type, exc_val, exc_tb)

    def _refuse(self, error: UsageError) -> None:
        message = one_line(error.format_message())
        if not getattr(self, "_called_from_command_line", False):
            raise CommandError(message, returncode=2) from error
        path = error.ctx.command_path if error.ctx else f"manage.py {self._name}"
        self.stderr.write(f"{message}\nTry: {path} --help")
        sys.exit(2)


def _wrong_with(argument: str) -> str:
    if len(argument) > MAX_ARGUMENT:
        return f"An argument has more than {MAX_ARGUMENT} characters."
    try:
        argument.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8 reach Python as half surrogates
        return "An argument is not valid UTF-8."
    return ""
