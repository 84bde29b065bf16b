"""manage.py quarantine list | restore | purge"""

from __future__ import annotations

from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_rows
from provisioning.management.naming import quarantine_named
from provisioning.management.verbs import add_verbs
from provisioning.quarantine.models import Quarantine
from provisioning.quarantine.shown import quarantine_out

COLUMNS = ("id", "host_name", "name", "volumes", "folder", "created_at", "until", "created_by")


class Command(ConsoleCommand):
    """Removed sites whose data is still there: what rests, undoing it, destroying it."""

    @command("list")
    def list_quarantine(self, as_json: AsJson = False) -> None:
        """What rests, the first to be destroyed first."""
        rows = Quarantine.objects.select_related("host").defer("encrypted")
        shown = [quarantine_out(row) for row in rows]
        print_rows(shown, columns=COLUMNS, as_json=as_json, to=self.stdout)


add_verbs(Command, "quarantine", quarantine_named)
