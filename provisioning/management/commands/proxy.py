"""manage.py proxy show | install | sync | reload"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, printable
from provisioning.management.naming import host_named
from provisioning.management.verbs import add_verbs
from provisioning.proxy.report import report

Name = Annotated[str, typer.Argument(metavar="HOST", help="a host, or its id")]


class Command(ConsoleCommand):
    """The proxy of a host: what it serves, and what it should."""

    @command("show")
    def show(self, name: Name, as_json: AsJson = False) -> None:
        """What the proxy serves now, as it says itself, and what a sync would change."""
        told = report(host_named(name))
        if as_json:
            return print_json(told, to=self.stdout)
        for line in lines(told):
            self.stdout.write(printable(line))


add_verbs(Command, "proxy", host_named)


def lines(told: dict[str, Any]) -> list[str]:
    """For people: first what is served, then the plan as a diff."""
    found = [f"state: {told['state']}" + (f" ({told['error']})" if told["error"] else "")]
    for vhost in told["vhosts"]:
        problem = f": {vhost['problem']}" if vhost["problem"] else ""
        found.append(f"{vhost['name']} [{vhost['state']}]{problem}")
        found += [f"    {line}" for line in vhost["serves"]]
    if told["plan"]:
        found += ["", "A sync would do this:", *told["plan"]]
        found += [f"digest: {told['digest']}"] if told["state"] == "edited" else []
    return found
