"""manage.py network list | create | remove"""

from __future__ import annotations

from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson
from provisioning.management.listing import HostName, Search, Unused, print_things
from provisioning.management.naming import host_named
from provisioning.management.verbs import add_verbs
from provisioning.things.telling import networks_report
from sites.rows import EVERYTHING

COLUMNS = ("name", "driver", "internal", "created_at", "used_by", "stays")


class Command(ConsoleCommand):
    """Networks of a host, and who is in them."""

    @command("list")
    def list_networks(
        self, host: HostName, search: Search = "", unused: Unused = False, as_json: AsJson = False
    ) -> None:
        """The networks of a host, read now."""
        told = networks_report(host_named(host), EVERYTHING)
        print_things(
            told, columns=COLUMNS, by="name", search=search, unused=unused, as_json=as_json,
            to=self.stdout,
        )  # fmt: skip


add_verbs(Command, "network", host_named)
