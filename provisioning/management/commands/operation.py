"""manage.py operation list | show | cancel | retry"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_json, print_rows, printable
from audit.record import Actor
from provisioning import engine
from provisioning.filters import OperationFilter
from provisioning.management.following import NoWait, follow, with_output
from provisioning.models import Operation
from provisioning.schemas import operation_out

COLUMNS = (
    "id", "created_at", "label", "host_name", "status", "percent", "actor", "source", "duration_ms",
    "message",
)  # fmt: skip
Number = Annotated[int, typer.Argument(metavar="ID", min=1)]


class Command(ConsoleCommand):
    """Operations: what was asked for, how it goes and how it ended."""

    @command("list")
    def list_operations(
        self,
        kind: Annotated[str, typer.Option(help="such as container.restart")] = "",
        status: Annotated[
            list[str] | None, typer.Option(help=", ".join(Operation.Status.values))
        ] = None,
        active: Annotated[bool, typer.Option("--active", help="queued or running")] = False,
        host: Annotated[str, typer.Option(help="name or id of a host")] = "",
        actor: Annotated[str, typer.Option(help="name of a user, or os:NAME")] = "",
        batch: Annotated[str, typer.Option(help="operations asked for together")] = "",
        limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
        as_json: AsJson = False,
    ) -> None:
        """Operations, newest first."""
        given = {
            "kind": kind, "status": status or [], "active": True if active else None,
            "host": host, "actor": actor, "batch": batch,
        }  # fmt: skip
        wanted = OperationFilter(data=given, queryset=Operation.objects.defer("journal"))
        if not wanted.is_valid():
            field, reasons = next(iter(wanted.errors.items()))
            raise typer.BadParameter(f"{field}: {reasons[0]}")
        rows = [operation_out(row) for row in wanted.qs[:limit]]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("show")
    def show(self, number: Number, as_json: AsJson = False) -> None:
        """An operation with its steps and its output."""
        shown = with_output(found(number))
        if as_json:
            return print_json(shown, to=self.stdout)
        output, steps = shown.pop("output"), shown.pop("steps")
        print_fields(shown, as_json=False, to=self.stdout)
        columns = ("name", "percent", "status", "started_at", "finished_at", "error")
        print_rows(steps, columns=columns, as_json=False, to=self.stdout)
        for line in output:
            self.stdout.write(printable(line["text"]))

    @command("cancel")
    def cancel(self, number: Number, as_json: AsJson = False) -> None:
        """A queued operation ends at once, a running one at its next step."""
        row = engine.cancel(found(number), actor=Actor.of_command())
        if as_json:
            return print_json(operation_out(row), to=self.stdout)
        asked = "is asked to end" if row.is_active else "is cancelled"
        self.stdout.write(f"operation {row.pk} {asked}")

    @command("retry")
    def retry(self, number: Number, no_wait: NoWait = False, as_json: AsJson = False) -> None:
        """The same again, as a new operation."""
        row = engine.retry(found(number), actor=Actor.of_command())
        follow(row, no_wait=no_wait, as_json=as_json, out=self.stdout, err=self.stderr)


def found(number: int) -> Any:
    row = Operation.objects.prefetch_related("steps").filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"There is no operation {number}.")
    return row
