"""manage.py alert list | show | acknowledge | mute | rules"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import typer
from django.utils import timezone
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from audit.record import Actor
from monitoring.alerts import acts, rule_acts
from monitoring.alerts.models import Alert, Rule
from monitoring.alerts.rows import alert_rows, rule_rows
from monitoring.alerts.shown import alert_detail, alert_out, rule_out
from provisioning.management.naming import host_named, site_named
from sites.rows import EVERYTHING

_COLUMNS: Final = (
    "id", "severity", "state", "subject_name", "host_name", "rule_name", "since", "message",
    "notes",
)  # fmt: skip
_RULES: Final = ("id", "name", "kind", "severity", "on", "value", "for_s", "clear_for_s", "scope")
_PERIODS: Final = {"m": 60, "h": 3600, "d": 86_400}
Number = Annotated[int, typer.Argument(metavar="ID", help="as alert list shows it")]
Note = Annotated[str, typer.Option("--note", help="a word for the others")]


class Command(ConsoleCommand):
    """What is wrong on hosts and sites, and what counts as wrong."""

    @command("list")
    def list_them(
        self,
        host: Annotated[str, typer.Option(help="only of this host")] = "",
        site: Annotated[str, typer.Option(metavar="[HOST/]NAME", help="only of this site")] = "",
        severity: Annotated[str, typer.Option(help="critical, warning or info")] = "",
        every: Annotated[bool, typer.Option("--all", help="also what is over")] = False,
        as_json: AsJson = False,
    ) -> None:
        """What fires or is about to, the worst first. Exit code 1 if something critical fires."""
        rows = alert_rows(EVERYTHING).order_by("rank", "-pk")
        if not every:
            rows = rows.filter(state__in=Alert.OPEN)
        if host:
            rows = rows.filter(host=host_named(host))
        if site:
            rows = rows.filter(site=site_named(site))
        if severity:
            rows = rows.filter(severity=severity)
        told = [alert_out(row) for row in rows[:1000]]
        shown = told if as_json else [_line(one) for one in told]
        print_rows(shown, columns=_COLUMNS, as_json=as_json, to=self.stdout)
        if any(one["state"] == "firing" and one["severity"] == "critical" for one in told):
            raise typer.Exit(1)

    @command("show")
    def show(self, number: Number, as_json: AsJson = False) -> None:
        """One with its cause and its timeline."""
        told = alert_detail(_alert(number), EVERYTHING)
        if as_json:
            return print_json(told, to=self.stdout)
        print_rows([_line(told)], columns=_COLUMNS, as_json=False, to=self.stdout)
        print_rows(told["events"], columns=("at", "what", "by", "text"), as_json=False,
                   to=self.stdout)  # fmt: skip
        return print_rows(
            [{"line": line} for line in told["cause"]["log"] or []], columns=("line",),
            as_json=False, to=self.stdout,
        )  # fmt: skip

    @command("acknowledge")
    def acknowledge(self, number: Number, note: Note = "", as_json: AsJson = False) -> None:
        """Somebody looks after it."""
        self._say(acts.acknowledge(_alert(number), actor=_actor(), note=note), as_json)

    @command("mute")
    def mute(
        self,
        number: Number,
        period: Annotated[
            str, typer.Option("--for", metavar="2h", help="minutes, hours or days: 30m 2h 1d")
        ] = "",
        off: Annotated[bool, typer.Option("--off", help="tell of it again")] = False,
        note: Note = "",
        as_json: AsJson = False,
    ) -> None:
        """Nobody is told of it for a while, also if it comes again."""
        if bool(period) == off:
            raise typer.BadParameter("Say either --for or --off.")
        until = None if off else timezone.now() + _period(period)
        row = acts.mute(_alert(number), actor=_actor(), until=until, note=note)
        self._say(row, as_json)

    @command("rules")
    def rules(
        self,
        on: Annotated[int, typer.Option("--on", metavar="ID", help="switch this one on")] = 0,
        off: Annotated[int, typer.Option("--off", metavar="ID", help="switch it off")] = 0,
        restore: Annotated[
            int, typer.Option("--restore", metavar="ID", help="as SiteFlow came with it")
        ] = 0,
        as_json: AsJson = False,
    ) -> None:
        """What is an alert; with an option, changes one rule first."""
        for key, enabled in ((on, True), (off, False)):
            if key:
                rule_acts.change(_rule(key), {"enabled": enabled}, actor=_actor())
        if restore:
            rule_acts.restore(_rule(restore), actor=_actor())
        told = [rule_out(row) for row in rule_rows()]
        shown = told if as_json else [_rule_line(one) for one in told]
        print_rows(shown, columns=_RULES, as_json=as_json, to=self.stdout)

    def _say(self, row: Alert, as_json: bool) -> None:
        told = alert_out(row)
        if as_json:
            return print_json(told, to=self.stdout)
        return print_rows([_line(told)], columns=_COLUMNS, as_json=False, to=self.stdout)


def _actor() -> Actor:
    return Actor.of_command()


def _alert(number: int) -> Alert:
    row = Alert.objects.visible_to(EVERYTHING).filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"There is no alert {number}.")
    return row


def _rule(number: int) -> Rule:
    row = rule_rows().filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"There is no rule {number}.")
    return row


def _period(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if unit not in _PERIODS or not (number.isascii() and number.isdigit() and len(number) < 6):
        raise typer.BadParameter("not a period such as 30m, 2h or 1d")
    return timedelta(seconds=int(number) * _PERIODS[unit])


def _line(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "since": one["firing_at"] or one["pending_at"], "notes": "; ".join(_notes(one))}


def _notes(one: dict[str, Any]) -> list[str]:
    notes = []
    if one["unseen_since"]:
        notes.append(f"unknown since {_short(one['unseen_since'])}: {one['unseen_because']}")
    if one["acknowledged_by"]:
        notes.append(f"acknowledged by {one['acknowledged_by']}")
    if one["muted_until"] and one["muted_until"] > timezone.now():
        notes.append(f"muted until {_short(one['muted_until'])}")
    if one["maintenance_until"]:
        notes.append(f"maintenance until {_short(one['maintenance_until'])}")
    return notes


def _short(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _rule_line(one: dict[str, Any]) -> dict[str, Any]:
    value = f"{one['of']} {one['metric']} {one['direction']} {one['threshold']:g}" if one[
        "metric"] else ""  # fmt: skip
    return {**one, "on": "yes" if one["enabled"] else "no", "value": value}
