"""manage.py health"""

from __future__ import annotations

from typing import Final

import typer

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from monitoring.health.telling import detailed_health

_COLUMNS: Final = ("part", "state", "words", "age_s", "duration_ms", "source")


class Command(ConsoleCommand):
    """How each part of SiteFlow is. Exit code 1 if one of them is not well."""

    def handle(self, as_json: AsJson = False) -> None:
        told = detailed_health()
        if as_json:
            print_json(told, to=self.stdout)
        else:
            rows = [{"part": name, **part} for name, part in told["parts"].items()]
            print_rows(rows, columns=_COLUMNS, as_json=False, to=self.stdout)
            self.stdout.write(told["words"])
        if told["status"] != "ok":
            raise typer.Exit(1)
