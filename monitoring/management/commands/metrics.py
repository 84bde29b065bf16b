"""manage.py metrics container | site | host | system"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

import typer
from django.utils import timezone
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from monitoring.history import shown
from monitoring.history.levels import YEAR_S
from monitoring.history.shown import Wanted
from provisioning.management.naming import container_named, host_named, site_named
from sites.models import Host

_COLUMNS: Final = {
    "cpu_percent": "cpu %",
    "memory_bytes": "memory",
    "received_bytes_per_s": "received/s",
    "sent_bytes_per_s": "sent/s",
    "read_bytes_per_s": "read/s",
    "written_bytes_per_s": "written/s",
    "pids": "pids",
    "load1": "load",
}
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_RANGES: Final = {"h": 3600, "d": 86_400, "w": 604_800, "y": YEAR_S}

Range = Annotated[
    str, typer.Option("--range", metavar="1h", help="how far back: hours, days, weeks: 1h 7d 1y")
]
Resolution = Annotated[
    int | None, typer.Option(min=1, max=YEAR_S, help="seconds of a step, as far as kept")
]


class Command(ConsoleCommand):
    """What containers, sites and hosts used: averages of each step; extremes with --json."""

    @command("container")
    def container(
        self,
        name: Annotated[str, typer.Argument(metavar="[HOST/]NAME")],
        back: Range = "1h",
        resolution: Resolution = None,
        as_json: AsJson = False,
    ) -> None:
        """Of a container."""
        row, wanted = container_named(name), wanted_of(back, resolution)
        self._show(shown.of_container(row, wanted, now=timezone.now()), as_json=as_json)

    @command("site")
    def site(
        self,
        name: Annotated[str, typer.Argument(metavar="[HOST/]SITE")],
        back: Range = "1h",
        resolution: Resolution = None,
        as_json: AsJson = False,
    ) -> None:
        """Of all containers of a site."""
        row, wanted = site_named(name), wanted_of(back, resolution)
        self._show(shown.of_site(row, wanted, now=timezone.now()), as_json=as_json)

    @command("host")
    def host(
        self,
        name: Annotated[str, typer.Argument(metavar="HOST")],
        back: Range = "1h",
        resolution: Resolution = None,
        as_json: AsJson = False,
    ) -> None:
        """Of a host; its disks with --json."""
        row, wanted = host_named(name), wanted_of(back, resolution)
        self._show(shown.of_host(row, wanted, now=timezone.now()), as_json=as_json)

    @command("system")
    def system(
        self, back: Range = "1h", resolution: Resolution = None, as_json: AsJson = False
    ) -> None:
        """Of all hosts together."""
        rows, wanted = list(Host.objects.only("pk")), wanted_of(back, resolution)
        self._show(shown.of_hosts(rows, wanted, now=timezone.now()), as_json=as_json)

    def _show(self, told: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            return print_json(told, to=self.stdout)
        names = [name for name in _COLUMNS if name in told["metrics"]]
        columns = ("at", *(_COLUMNS[name] for name in names), "source")
        print_rows(table(told, names), columns=columns, as_json=False, to=self.stdout)


def table(told: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """A row a step."""
    return [
        {
            "at": at,
            "source": told["sources"][step],
            **{_COLUMNS[name]: _cell(name, told["metrics"][name]["avg"][step]) for name in names},
        }
        for step, at in enumerate(told["at"])
    ]


def _cell(name: str, value: float | None) -> str | None:
    if value is None or "bytes" not in name:
        return None if value is None else f"{value:.1f}"
    power = 0
    while value >= 1024 and power < len(_UNITS) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.1f} {_UNITS[power]}"


def wanted_of(back: str, resolution_s: int | None) -> Wanted:
    """``7d`` back from now. Raises BadParameter."""
    number, unit = back[:-1], back[-1:]
    if unit not in _RANGES or not (number.isascii() and number.isdigit() and len(number) < 6):
        raise typer.BadParameter("not a range such as 1h, 12h, 7d, 4w or 1y")
    back_s = min(int(number) * _RANGES[unit], YEAR_S)
    return Wanted(timezone.now() - timedelta(seconds=back_s), None, resolution_s)
