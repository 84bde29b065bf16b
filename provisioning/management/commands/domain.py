"""manage.py domain list | add | change | remove | set-password | remove-password"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_input import from_stdin
from audit.console_output import AsJson, print_rows
from provisioning.management.following import begin, follow
from provisioning.management.naming import domain_named, site_named
from provisioning.management.verbs import Yes, said_yes
from provisioning.models import Operation
from provisioning.proxy.route_lines import BadRoute, route_of
from sites.rows import EVERYTHING, domain_rows
from sites.schemas import domain_out

COLUMNS = ("id", "name", "kind", "site_name", "host_name", "tls", "service", "port", "users")
Name = Annotated[str, typer.Argument(metavar="DOMAIN", help="a domain, or its id")]
Kind = Annotated[str, typer.Option(help="primary, alias or redirect")]
Tls = Annotated[str, typer.Option(help="acme, internal or off")]
Service = Annotated[str, typer.Option(help="of the site's compose file; its web service if none")]
Port = Annotated[int | None, typer.Option(help="what the service listens on; 0 is detected")]
Routes = Annotated[
    list[str] | None, typer.Option("--route", metavar="/PATH/=SERVICE[:PORT]", help="repeatable")
]
Log = Annotated[bool | None, typer.Option(help="keep an access log")]
User = Annotated[str, typer.Option("--user", metavar="NAME")]


class Command(ConsoleCommand):
    """Domains of sites. The proxy of the host serves a change after its next sync."""

    @command("list")
    def list_domains(self, as_json: AsJson = False) -> None:
        """All domains, by name."""
        rows = [domain_out(row) for row in domain_rows(EVERYTHING).order_by("name", "pk")]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("add")
    def add(
        self,
        site: Annotated[str, typer.Argument(metavar="[HOST/]SITE", help="a site, or its id")],
        name: Annotated[str, typer.Argument(metavar="DOMAIN")],
        kind: Kind = "",
        tls: Tls = "",
        service: Service = "",
        port: Port = None,
        route: Routes = None,
        access_log: Log = None,
        as_json: AsJson = False,
    ) -> None:
        """Give a site a domain."""
        params = given(kind, tls, service, port, route, access_log)
        row = begin("domain.add", site_named(site), params={"name": name, **params})
        self._told(row, as_json=as_json)

    @command("change")
    def change(
        self,
        name: Name,
        kind: Kind = "",
        tls: Tls = "",
        service: Service = "",
        port: Port = None,
        route: Routes = None,
        access_log: Log = None,
        as_json: AsJson = False,
    ) -> None:
        """Change what is given. With --route, these are all there are to be."""
        params = given(kind, tls, service, port, route, access_log)
        self._told(begin("domain.change", domain_named(name), params=params), as_json=as_json)

    @command("remove")
    def remove(self, name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
        """Take a domain away from its site."""
        row = domain_named(name)
        if not yes:
            said_yes(f"Remove {row.name}?", otherwise="Confirm with --yes.")
        done = begin("domain.remove", row, params={}, confirm_name=row.name)
        self._told(done, as_json=as_json)

    @command("set-password")
    def set_password(self, name: Name, user: User, as_json: AsJson = False) -> None:
        """Let a user in by a password, which is read from standard input."""
        params = {"username": user, "password": from_stdin("password")}
        self._told(begin("domain.set-password", domain_named(name), params=params), as_json=as_json)

    @command("remove-password")
    def remove_password(self, name: Name, user: User, as_json: AsJson = False) -> None:
        """Take a user's password away. After the last one, everybody is let in."""
        done = begin("domain.remove-password", domain_named(name), params={"username": user})
        self._told(done, as_json=as_json)

    def _told(self, row: Operation, *, as_json: bool) -> None:
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)


def given(
    kind: str, tls: str, service: str, port: int | None, route: list[str] | None, log: bool | None
) -> dict[str, Any]:
    """What was said at all."""
    words = {"kind": kind, "tls": tls, "service": service}
    found: dict[str, Any] = {name: value for name, value in words.items() if value}
    rest: dict[str, Any] = {"port": port, "access_log": log, "routes": None}
    if route:
        rest["routes"] = [one_route(one) for one in route]
    return found | {name: value for name, value in rest.items() if value is not None}


def one_route(text: str) -> dict[str, Any]:
    """ "/api/=backend:8090". Raises BadParameter."""
    try:
        return route_of(text)
    except BadRoute as error:
        raise typer.BadParameter(str(error)) from None
