"""manage.py template list | show | roll | rollouts | stop-rollout | resume-rollout"""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_json, print_rows, printable
from audit.record import Actor
from provisioning.management.following import usage
from provisioning.management.naming import site_named
from provisioning.management.rolling import (
    print_plan,
    print_rollout,
    print_rollouts,
    rollout_of,
)
from provisioning.management.verbs import Yes, said_yes
from provisioning.models import Rollout
from provisioning.rollouts import acts
from provisioning.rollouts.planning import plan, rolling
from provisioning.site_templates.answers import template_detail, template_out, versions_of
from provisioning.site_templates.library import all_templates, find
from sites.live import flush
from sites.models import Site

COLUMNS = ("id", "version", "origin", "name", "stack", "best_for")
# Parameters of --version are called otherwise: `version` is Django's own for every command.
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="of a rollout")]
_ELSEWHERE = ("params", "secrets", "files", "versions")


class Command(ConsoleCommand):
    """Templates: what new sites are made from."""

    @command("list")
    def list_templates(
        self,
        deleted: Annotated[
            bool, typer.Option("--deleted", help="also those that only old sites run")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Those that came along with SiteFlow, then your own."""
        rows = [template_out(each) for each in all_templates(with_retired=deleted)]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("show")
    def show(
        self,
        name: Annotated[str, typer.Argument(metavar="ID", help="of a template")],
        number: Annotated[int | None, typer.Option("--version", min=1, help="an older one")] = None,
        file: Annotated[
            str, typer.Option(metavar="PATH", help="print this file of it, such as compose.yml")
        ] = "",
        as_json: AsJson = False,
    ) -> None:
        """A template: its parameters, secrets, files and versions."""
        template = find(name, number)
        if template is None:
            raise typer.BadParameter(f"There is no template {name}, or not in this version.")
        if file:
            if file not in template.files:
                raise typer.BadParameter(f"{name} has no file {file}.")
            text = template.files[file]
            return print_json({file: text}, to=self.stdout) if as_json else self.say(text)
        shown = template_detail(template, versions_of(template))
        if as_json:
            return print_json(shown, to=self.stdout)
        facts = {key: value for key, value in shown.items() if key not in _ELSEWHERE}
        print_fields(facts, as_json=False, to=self.stdout)
        params = shown["params"]
        rows = [
            {"parameter": name, "required": name in params["required"], **param}
            for name, param in params["properties"].items()
        ]
        columns = ("parameter", "type", "required", "default", "title")
        print_rows(rows, columns=columns, as_json=False, to=self.stdout)
        return self.say("\n".join(["files:", *(f"  {path}" for path in template.files)]))

    @command("roll")
    def roll(
        self,
        name: Annotated[str, typer.Argument(metavar="ID", help="of a template")],
        number: Annotated[
            int | None, typer.Option("--version", min=1, help="not the newest")
        ] = None,
        site: Annotated[
            list[str] | None,
            typer.Option(metavar="[HOST/]NAME", help="only these; the first goes first"),
        ] = None,
        wave: Annotated[int, typer.Option(min=1, max=50, help="sites at a time")] = 5,
        plan_only: Annotated[
            bool, typer.Option("--plan", help="only tell what it would do")
        ] = False,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> None:
        """Release a version of it on its sites: one first, then wave by wave while all is well."""
        keys = [site_named(one).pk for one in site or []] or None
        actor, among = Actor.of_command(), Site.objects.all()
        with usage():
            wanted = rolling(template=name, version=number, sites=keys, wave_size=wave)
            made = plan(wanted, actor=actor, among=among)
        if plan_only:
            return print_plan(made, as_json=as_json, to=self.stdout)
        if not yes:
            print_plan(made, as_json=False, to=self.stderr)
            said_yes(
                f"Roll {name} out to {len(made.sites)} sites?", otherwise="Confirm with --yes."
            )
        with usage():
            row = acts.begin(wanted, actor=actor, among=among)
        return self._told(row, as_json=as_json)

    @command("rollouts")
    def rollouts(
        self,
        number: Annotated[
            int | None, typer.Argument(metavar="[NUMBER]", min=1, help="all of one, site by site")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Rollouts, newest first, or one with its sites."""
        if number is None:
            return print_rollouts(as_json=as_json, to=self.stdout)
        return print_rollout(rollout_of(number), as_json=as_json, to=self.stdout)

    @command("stop-rollout")
    def stop_rollout(self, number: Number, as_json: AsJson = False) -> None:
        """Start nothing more of it; what runs comes to its end."""
        self._told(acts.stop(rollout_of(number), actor=Actor.of_command()), as_json=as_json)

    @command("resume-rollout")
    def resume_rollout(self, number: Number, as_json: AsJson = False) -> None:
        """Go on with it; what failed is tried again."""
        self._told(acts.resume(rollout_of(number), actor=Actor.of_command()), as_json=as_json)

    def _told(self, row: Rollout, *, as_json: bool) -> None:
        flush(timeout_s=1)
        print_rollout(row, as_json=as_json, to=self.stdout)

    def say(self, text: str) -> None:
        self.stdout.write(printable(text))
