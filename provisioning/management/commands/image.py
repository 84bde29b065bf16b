"""manage.py image list | pull | check | tag | remove | prune"""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from audit.record import Actor
from provisioning.management.following import NoWait, begin, follow
from provisioning.management.listing import HostName, Search, Unused, print_things
from provisioning.management.naming import host_named
from provisioning.management.verbs import Yes, add_verbs, said_yes
from provisioning.previews import preview_prune
from provisioning.things.pruning import PrunePlan, plan_out
from provisioning.things.telling import images_report
from sites.rows import EVERYTHING

COLUMNS = ("names", "id", "size_bytes", "created_at", "used_by", "registry", "stays")


class Command(ConsoleCommand):
    """Images of a host: who uses them, newer ones, and what may go."""

    @command("list")
    def list_images(
        self, host: HostName, search: Search = "", unused: Unused = False, as_json: AsJson = False
    ) -> None:
        """The images of a host, read now."""
        told = images_report(host_named(host), EVERYTHING)
        print_things(
            told, columns=COLUMNS, by="names", search=search, unused=unused, as_json=as_json,
            to=self.stdout,
        )  # fmt: skip

    @command("prune")
    def prune(
        self,
        host: HostName,
        all_unused: Annotated[
            bool, typer.Option("--all", help="also images with a name, if nobody uses them")
        ] = False,
        yes: Yes = False,
        plan_only: Annotated[bool, typer.Option("--plan", help="only list them")] = False,
        no_wait: NoWait = False,
        as_json: AsJson = False,
    ) -> None:
        """Lists what nobody uses, and removes exactly that after a yes."""
        row = host_named(host)
        plan = preview_prune(row, all_unused=all_unused, actor=Actor.of_command())
        if plan_only or not plan.items:
            return self._told(plan, as_json=as_json)
        if not yes:
            self._told(plan, as_json=False)
            said_yes(f"Remove these from {row.name}?", otherwise="Confirm with --yes.")
        params = {"images": [str(item) for item in plan.items], "plan_digest": plan.digest}
        started = begin("image.prune", row, params=params)
        follow(started, no_wait=no_wait, as_json=as_json, out=self.stdout, err=self.stderr)

    def _told(self, plan: PrunePlan, *, as_json: bool) -> None:
        told = plan_out(plan)
        if as_json:
            return print_json(told, to=self.stdout)
        columns = ("names", "id", "size_bytes", "created_at")
        return print_rows(told["images"], columns=columns, as_json=False, to=self.stdout)


add_verbs(Command, "image", host_named, but=frozenset({"prune"}))
