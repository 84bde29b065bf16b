"""manage.py volume list | create | remove"""

from __future__ import annotations

from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson
from provisioning.management.listing import HostName, Search, Unused, print_things
from provisioning.management.naming import host_named
from provisioning.management.verbs import add_verbs
from provisioning.things.telling import volumes_report
from sites.rows import EVERYTHING

COLUMNS = ("name", "driver", "size_bytes", "created_at", "used_by", "stays")


class Command(ConsoleCommand):
    """Volumes of a host: who uses them, and the one verb that destroys their data."""

    @command("list")
    def list_volumes(
        self, host: HostName, search: Search = "", unused: Unused = False, as_json: AsJson = False
    ) -> None:
        """The volumes of a host, read now; sizes as `host measure` found them."""
        told = volumes_report(host_named(host), EVERYTHING)
        print_things(
            told, columns=COLUMNS, by="name", search=search, unused=unused, as_json=as_json,
            to=self.stdout,
        )  # fmt: skip


add_verbs(Command, "volume", host_named)
