"""manage.py cert status | check"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django.utils import timezone
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_rows
from provisioning.certificates.judging import is_urgent
from provisioning.certificates.rows import certificate_rows
from provisioning.certificates.telling import certificate_out
from provisioning.management.naming import domain_named, host_named, site_named
from provisioning.management.verbs import add_verbs
from sites.rows import EVERYTHING

COLUMNS = ("domain", "state", "days", "host_name", "site_name", "issuer", "on_disk", "checked_at",
           "problems")  # fmt: skip
OfSite = Annotated[str, typer.Option("--site", metavar="[HOST/]NAME", help="only of this site")]
OfHost = Annotated[str, typer.Option("--host", metavar="NAME", help="only on this host")]
_DISK = {True: "the same", False: "another one", None: None}


class Command(ConsoleCommand):
    """Certificates of domains: what is served, what is on disk, and how long it lasts."""

    @command("status")
    def status(self, site: OfSite = "", host: OfHost = "", as_json: AsJson = False) -> None:
        """All domains, the worst first. Exit code 1 if one is expired, will be within a week, is
        not for its name, not answered, or another one than on disk."""
        rows = certificate_rows(EVERYTHING).order_by("rank", "ends", "name")
        if site:
            rows = rows.filter(site=site_named(site))
        if host:
            rows = rows.filter(host=host_named(host))
        now = timezone.now()
        told = [certificate_out(row, now=now) for row in rows]
        shown = told if as_json else [_line(one) for one in told]
        print_rows(shown, columns=COLUMNS, as_json=as_json, to=self.stdout)
        if any(_urgent(one, now) for one in told):
            raise typer.Exit(1)


add_verbs(Command, "cert", domain_named)


def _urgent(one: dict[str, Any], now: Any) -> bool:
    return is_urgent(one["state"], one["not_before"], one["not_after"], now=now)


def _line(one: dict[str, Any]) -> dict[str, Any]:
    """For people. What is unknown has no days: those of the last look may be no longer true."""
    known = one["unknown_since"] is None and one["days_remaining"] is not None
    served = one["served"] or {}
    return {
        **one,
        "days": f"{one['days_remaining']:.1f}" if known and one["state"] != "off" else None,
        "issuer": served.get("issuer"),
        "on_disk": _DISK[one["same"]],
    }
