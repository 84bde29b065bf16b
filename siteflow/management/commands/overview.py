"""manage.py overview"""

from __future__ import annotations

from typing import Any, Final

import typer
from django.utils import timezone

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from siteflow.overview.shown import overview_of
from siteflow.overview.telling import overview_out
from sites.rows import EVERYTHING

_COLUMNS: Final = ("state", "what", "detail", "observed_at", "source")


class Command(ConsoleCommand):
    """Is everything all right, and if not, what first? Exit code 1 if something needs somebody."""

    def handle(self, as_json: AsJson = False) -> None:
        now = timezone.now()
        told = overview_out(overview_of(EVERYTHING, now=now), now=now)
        if as_json:
            print_json(told, to=self.stdout)
        else:
            self._print(told)
        if told["total"]:
            raise typer.Exit(1)

    def _print(self, told: dict[str, Any]) -> None:
        self.stdout.write(told["words"])
        rows = [{**need, "what": f"{need['title']} {need['says']}"} for need in told["needs"]]
        if rows:
            print_rows(rows, columns=_COLUMNS, as_json=False, to=self.stdout)
