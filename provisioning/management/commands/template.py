"""manage.py template list | show"""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_json, print_rows, printable
from provisioning.site_templates.answers import template_detail, template_out, versions_of
from provisioning.site_templates.library import all_templates, find

COLUMNS = ("id", "version", "origin", "name", "stack", "best_for")
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
        version: Annotated[int | None, typer.Option(min=1, help="an older one")] = None,
        file: Annotated[
            str, typer.Option(metavar="PATH", help="print this file of it, such as compose.yml")
        ] = "",
        as_json: AsJson = False,
    ) -> None:
        """A template: its parameters, secrets, files and versions."""
        template = find(name, version)
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

    def say(self, text: str) -> None:
        self.stdout.write(printable(text))
