"""manage.py nas list | set | forget | check"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_rows
from provisioning.backups.nas_telling import sources_out
from provisioning.management.following import begin, follow
from provisioning.management.naming import host_named, site_named
from provisioning.management.verbs import Yes, add_verbs, said_yes
from provisioning.models import Operation
from sites.rows import EVERYTHING

COLUMNS: Final = ("nas_name", "root", "pattern", "marker", "connected", "read_at", "hosts", "sites",
                  "problems")  # fmt: skip
Nas = Annotated[str, typer.Argument(metavar="NAS", help="a host, or its id")]
Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="on the NAS, an absolute path")]
Pattern = Annotated[str, typer.Option(help="where below it, such as '{host}/{site}/*.tar.gz'")]
Marker = Annotated[str | None, typer.Option(help="a file that is there while it is mounted")]
Every = Annotated[int | None, typer.Option(metavar="MINUTES", help="how often to look")]
Least = Annotated[int | None, typer.Option(metavar="PERCENT", help="of the usual size")]
Hosts = Annotated[list[str] | None, typer.Option("--host", metavar="NAME", help="repeatable")]
Sites = Annotated[list[str] | None, typer.Option("--site", metavar="NAME", help="repeatable")]


class Command(ConsoleCommand):
    """Hosts on which backups of sites lie."""

    @command("list")
    def list_nas(self, as_json: AsJson = False) -> None:
        """All folders of backups, and whether they could be read."""
        told = sources_out(EVERYTHING)
        rows = told if as_json else [_line(one) for one in told]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("set")
    def set_nas(
        self,
        name: Nas,
        folder: Folder,
        pattern: Pattern = "",
        marker: Marker = None,
        every: Every = None,
        least: Least = None,
        host: Hosts = None,
        site: Sites = None,
        as_json: AsJson = False,
    ) -> None:
        """Say that backups lie in a folder of a host, or change what was said. With --host or
        --site, these are all whose backups lie there."""
        given: dict[str, Any] = {
            "pattern": pattern or None,
            "marker": marker,
            "every_minutes": every,
            "least_percent": least,
            "hosts": [host_named(one).pk for one in host] if host else None,
            "sites": [site_named(one).pk for one in site] if site else None,
        }
        params = {word: value for word, value in given.items() if value is not None}
        self._told(begin("nas.set", host_named(name), params={"root": folder, **params}), as_json)

    @command("forget")
    def forget(self, name: Nas, folder: Folder, yes: Yes = False, as_json: AsJson = False) -> None:
        """Look at a folder of backups no more. On the NAS nothing is touched."""
        row = host_named(name)
        if not yes:
            said_yes(f"Forget {folder} on {row.name}?", otherwise="Confirm with --yes.")
        params = {"root": folder}
        self._told(begin("nas.forget", row, params=params, confirm_name=row.name), as_json)

    def _told(self, row: Operation, as_json: bool) -> None:
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)


add_verbs(Command, "nas", host_named)


def _line(one: dict[str, Any]) -> dict[str, Any]:
    """For people: names instead of keys."""
    names = {word: ", ".join(each["name"] for each in one[word]) for word in ("hosts", "sites")}
    return {**one, **names}
