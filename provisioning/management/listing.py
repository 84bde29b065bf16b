"""What the command line says of a host's images, volumes and networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from django.core.management.base import CommandError, OutputWrapper

from audit.console_output import print_json, print_rows, printable
from provisioning.things.choosing import chosen, sorted_by

HostName = Annotated[str, typer.Argument(metavar="HOST", help="a host, or its id")]
Search = Annotated[str, typer.Option(help="part of a name, or of who uses it")]
Unused = Annotated[bool, typer.Option("--unused", help="only what no container uses")]


def print_things(
    told: dict[str, Any], *, columns: Sequence[str], by: str, search: str, unused: bool,
    as_json: bool, to: OutputWrapper,
) -> None:  # fmt: skip
    """Exit code 1 where the host cannot be asked."""
    items = chosen(told["items"], search=search, in_use=False if unused else None)
    told = {**told, "items": sorted_by(items, by)}
    if as_json:
        print_json(told, to=to)
    if told["error"]:
        if as_json:
            raise typer.Exit(1)
        raise CommandError(printable(told["error"]))
    if not as_json:
        print_rows(map(_short, told["items"]), columns=columns, as_json=False, to=to)


def _short(one: dict[str, Any]) -> dict[str, Any]:
    users = [user["name"] for user in (*one["sites"], *one["containers"])]
    states = (newer["state"] for newer in one.get("registry", ()))
    return {
        **one,
        "id": str(one.get("id", ""))[:19],
        "names": one.get("names", []),
        "used_by": users + ([f"{one['others']} others"] if one["others"] else []),
        "registry": list(states),
    }
