"""manage.py backup status | check"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from django.utils import timezone
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows, printable
from provisioning.backups.judging import WRONG
from provisioning.backups.nas_telling import sources_out
from provisioning.backups.rows import backup_rows
from provisioning.backups.telling import backup_out
from provisioning.backups.words import age_words, size_words
from provisioning.management.naming import host_named, site_named
from provisioning.management.verbs import add_verbs
from sites.rows import EVERYTHING

COLUMNS: Final = ("site_name", "host_name", "nas_name", "state", "age", "size", "count", "newest",
                  "observed_at", "problems")  # fmt: skip
OfSite = Annotated[str, typer.Option("--site", metavar="[HOST/]NAME", help="only of this site")]
OfHost = Annotated[str, typer.Option("--host", metavar="NAME", help="only of sites on this host")]
OfNas = Annotated[str, typer.Option("--nas", metavar="NAME", help="only on this NAS")]


class Command(ConsoleCommand):
    """Backups of sites on NAS: how old the newest is, how large, and how many there are."""

    @command("status")
    def status(
        self, site: OfSite = "", host: OfHost = "", nas: OfNas = "", as_json: AsJson = False
    ) -> None:
        """All sites with backups, the worst first, and each NAS that cannot be read. Exit code 1
        if backups are missing, stale or shrunken, or a NAS cannot be read."""
        now = timezone.now()
        rows = _rows(site, host, nas, now)
        told = [backup_out(row, now=now) for row in rows.order_by("rank", "since", "site__name")]
        asked = {one["nas"] for one in told} if site or host or nas else None
        sources = [one for one in sources_out(EVERYTHING, now=now)
                   if asked is None or one["nas"] in asked]  # fmt: skip
        failing = [one for one in sources if one["connected"] is False]
        if as_json:
            print_json({"nas": sources, "items": told}, to=self.stdout)
        else:
            print_rows([_line(one) for one in told], columns=COLUMNS, as_json=False, to=self.stdout)
            for one in failing:
                words = f"{one['nas_name']} cannot be read: {one['error'] or one['reason']}"
                self.stderr.write(printable(words))
        if failing or any(one["state"] in WRONG for one in told):
            raise typer.Exit(1)


add_verbs(Command, "backup", site_named)


def _rows(site: str, host: str, nas: str, now: Any) -> Any:
    rows = backup_rows(EVERYTHING, now=now)
    if site:
        rows = rows.filter(site=site_named(site))
    if host:
        rows = rows.filter(site__host=host_named(host))
    return rows.filter(source__nas=host_named(nas)) if nas else rows


def _line(one: dict[str, Any]) -> dict[str, Any]:
    newest = one["newest"] or {}
    return {
        **one,
        "age": age_words(one["age_s"]),
        "size": size_words(newest.get("bytes")),
        "newest": newest.get("name"),
    }
