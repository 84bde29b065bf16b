"""manage.py audit list | verify | cleanup | export"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer
from django.core.management.base import CommandError
from django_typer.management import command
from pydantic import ValidationError

from audit import copy
from audit.chain import verify
from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_rows
from audit.export import Format, start_export
from audit.filters import EntryFilter
from audit.models import Entry, Phase, Status
from audit.paging import page_of
from audit.record import Actor, record
from audit.retention import cleanup

COLUMNS = (
    "id", "at", "action", "phase", "status", "target_name", "host_name", "actor_name",
    "remote_addr", "duration_ms", "error_code",
)  # fmt: skip

MAX_DAYS = 100 * 365  # calendars end, numbers do not
Action = Annotated[str, typer.Option(help="<resource>.<verb>, such as container.restart")]
TargetType = Annotated[str, typer.Option(help="host, container, site, …")]
Target = Annotated[str, typer.Option(help="name of the target")]
StatusName = Annotated[str, typer.Option(help=", ".join(Status.values))]
ActorName = Annotated[str, typer.Option(help="name of a user, or os:NAME")]
Since = Annotated[str, typer.Option(help="date or ISO 8601 time, UTC unless it says otherwise")]
Until = Annotated[str, typer.Option(help="the same; a date means to the end of that day")]


def chosen(**given: Any) -> EntryFilter:
    """The filter of these options. What cannot be understood is a wrong usage (exit code 2)."""
    try:
        return EntryFilter(**{name: value for name, value in given.items() if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}") from error


class Command(ConsoleCommand):
    help = "Who did what: list, verify, clean up and export the audit."

    @command("list")
    def list_entries(
        self,
        action: Action = "",
        target_type: TargetType = "",
        target: Target = "",
        status: StatusName = "",
        actor: ActorName = "",
        since: Since = "",
        until: Until = "",
        limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
        after: Annotated[int | None, typer.Option(help="only entries older than this id")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Entries, newest first."""
        wanted = chosen(
            action_type=action, target_type=target_type, target_name=target, status=status,
            actor=actor, start_date=since, end_date=until,
        )  # fmt: skip
        page = page_of(Entry.objects.all(), wanted, page=1, page_size=limit, after=after)
        print_rows(page.logs, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("verify")
    def verify_chain(
        self,
        start: Annotated[int | None, typer.Option(help="begin at this entry")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Check the chain of hashes; exit code 1 and the first bad entry if it is broken."""
        verdict = verify(start=start)
        print_fields(asdict(verdict), as_json=as_json, to=self.stdout)
        if not verdict.ok:
            raise typer.Exit(1)

    @command("cleanup")
    def clean_up(
        self,
        older_than_days: Annotated[
            int | None,
            typer.Option(min=1, max=MAX_DAYS, help="default: AUDIT_RETENTION_DAYS"),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Delete old entries; that is put on record itself."""
        deleted = cleanup(actor=Actor.of_command(), older_than_days=older_than_days)
        print_fields({"deleted": deleted}, as_json=as_json, to=self.stdout)

    @command("export")
    def export(
        self,
        form: Annotated[Format, typer.Option("--format")] = Format.JSONL,
        output: Annotated[Path | None, typer.Option(help="a new file, 0600")] = None,
        remake_copy: Annotated[
            bool, typer.Option(help="set the copy in the data folder aside and write it anew")
        ] = False,
        action: Action = "",
        target_type: TargetType = "",
        target: Target = "",
        status: StatusName = "",
        actor: ActorName = "",
        since: Since = "",
        until: Until = "",
        as_json: AsJson = False,
    ) -> None:
        """Entries as JSON lines or CSV, oldest first, to the terminal or a file."""
        if remake_copy:
            return print_fields(remade_copy(), as_json=as_json, to=self.stdout)
        wanted = chosen(
            action_type=action, target_type=target_type, target_name=target, status=status,
            actor=actor, start_date=since, end_date=until,
        )  # fmt: skip
        with destination(output) as file:
            size_bytes = 0
            for piece in start_export(actor=Actor.of_command(), chosen=wanted, form=form):
                size_bytes += file.write(piece)
        if output is not None:
            fields = {"file": str(output), "size_bytes": size_bytes}
            print_fields(fields, as_json=as_json, to=self.stdout)


@contextmanager
def destination(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        output.touch(mode=0o600, exist_ok=False)
        with output.open("wb") as file:
            yield cast(BinaryIO, file)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror}") from error


def remade_copy() -> dict[str, Any]:
    try:
        aside, lines = copy.remake()
    except OSError as error:
        raise CommandError(f"cannot write the copy: {error}") from error
    record(
        phase=Phase.EVENT,
        action="audit.remake-copy",
        status=Status.SUCCEEDED,
        actor=Actor.of_command(),
        target_type="audit",
        after={"lines": lines, "set_aside": aside.name},
    )
    return {"lines": lines, "set_aside": str(aside)}
