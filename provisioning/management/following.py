"""Starts an operation and follows it to its end, for all commands that change something."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from django.core.management.base import CommandError, OutputWrapper
from django.db.models import Model

from audit.console_output import print_json, printable
from audit.record import Actor
from provisioning import engine
from provisioning.engine.errors import BadParams
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.schemas import line_out, operation_detail
from sites.live import flush

POLL_S = 0.2
NO_WORKER_S = 10.0  # queued for this long: probably nobody is there to take it

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Only print the operation's id, do not follow it.")
]


def begin(
    kind: str,
    target: Model | None,
    *,
    params: dict[str, Any],
    confirm_name: str | None = None,
) -> Operation:
    """``engine.start`` as whoever runs the command. Wrong parameters are a wrong usage."""
    with usage():
        row = engine.start(
            kind, target, actor=Actor.of_command(), params=params, confirm_name=confirm_name
        )
    flush(timeout_s=1)
    return row


@contextmanager
def usage() -> Iterator[None]:
    """Whatever is refused for what was given is a wrong usage: exit code 2."""
    try:
        yield
    except (BadParams, VerbError) as error:
        if error.field or isinstance(error, BadParams):
            raise typer.BadParameter(error.message) from error
        raise


def pause() -> None:
    time.sleep(POLL_S)  # a command has no event loop to hear the live feed in


class Follower:
    """Prints each new step and line of an operation, once."""

    def __init__(self, row: Operation, *, say: Callable[[str], object]) -> None:
        self._row = row
        self._say = say
        self._steps: set[int] = set()
        self._line = 0
        self._begun = time.monotonic()
        self._complained = False

    def to_the_end(self) -> Operation:
        self._say(f"operation {self._row.pk}: {printable(self._row.label)}")
        while True:
            self._row.refresh_from_db()
            self._steps_and_lines()
            if not self._row.is_active:
                return self._row
            self._complain_once()
            pause()

    def _steps_and_lines(self) -> None:
        for step in self._row.steps.exclude(pk__in=self._steps).order_by("pk"):
            self._steps.add(step.pk)
            self._say(f"{step.percent:>4}%  {printable(step.name)}")
        for line in self._row.output.filter(number__gt=self._line).order_by("number"):
            self._line = line.number
            self._say(f"       {printable(line.text)}")

    def _complain_once(self) -> None:
        waited = time.monotonic() - self._begun > NO_WORKER_S
        if waited and self._row.status == Operation.Status.QUEUED and not self._complained:
            self._complained = True
            self._say("waiting for a worker: is `manage.py serve` running?")


def follow(
    row: Operation,
    *,
    no_wait: bool,
    as_json: bool,
    out: OutputWrapper,
    err: OutputWrapper,
) -> Operation:
    """To its end, then says how it ended. Exit code 1 unless it succeeded.

    With ``--json``, standard output gets nothing but the operation with its output lines.
    """
    if no_wait:
        _print_id(row, as_json=as_json, out=out)
        return row
    try:
        Follower(row, say=(err if as_json else out).write).to_the_end()
    except KeyboardInterrupt:
        err.write(f"\nOperation {row.pk} goes on. See it with: manage.py operation show {row.pk}")
        raise typer.Exit(1) from None
    report(row, as_json=as_json, out=out)
    return row


def report(row: Operation, *, as_json: bool, out: OutputWrapper) -> None:
    """How an operation ended; exit code 1 unless it succeeded."""
    good = row.status == Operation.Status.SUCCEEDED
    if as_json:
        print_json(with_output(row), to=out)
    elif good:
        out.write(f"{row.status}: {printable(row.message)}")
    if good:
        return
    if as_json:
        raise typer.Exit(1)
    raise CommandError(printable(" ".join(filter(None, [row.message, row.advice]))))


def with_output(row: Operation) -> dict[str, Any]:
    lines = row.output.order_by("number")
    return {**operation_detail(row), "output": [line_out(line) for line in lines]}


def _print_id(row: Operation, *, as_json: bool, out: OutputWrapper) -> None:
    if as_json:
        return print_json({"operation": row.pk, "status": row.status}, to=out)
    out.write(str(row.pk))
