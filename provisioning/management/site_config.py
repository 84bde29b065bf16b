"""Showing and changing a site's configuration at the command line, by files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from django.core.management.base import OutputWrapper

from audit.console_output import print_json, print_styled
from audit.record import Actor
from provisioning.drivers import dotenv
from provisioning.releases.numbers import base_of
from provisioning.releases.revealing import reveal as reveal_secrets
from provisioning.releases.shown import config_out
from sites.models import Site

ComposeFile = Annotated[
    Path | None, typer.Option(help="the compose file it is to have; - reads standard input")
]
EnvFile = Annotated[
    Path | None, typer.Option(help="the .env it is to have; - reads standard input")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Secrets in clear; goes on record.")]


def changes(
    compose_file: Path | None, env_file: Path | None, template_version: int | None
) -> dict[str, Any]:
    """What the files say, as the verb takes it; empty when nothing is to be changed."""
    given = {"compose": compose_file, "env": env_file}
    if list(given.values()).count(Path("-")) > 1:
        raise typer.BadParameter("Only one of the files can be standard input.")
    found: dict[str, Any] = {name: _text(path) for name, path in given.items() if path}
    return found | ({"template_version": template_version} if template_version else {})


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if path == Path("-") else path.read_text("utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{path} is not UTF-8 text.") from error


def show(site: Site, *, reveal: bool, as_json: bool, to: OutputWrapper) -> None:
    shown = config_out(site)
    if reveal:
        env = reveal_secrets(site, base_of(site), actor=Actor.of_command())
        shown["env"] = dotenv.dump(env)
    if as_json:
        return print_json(shown, to=to)
    title = f"{site.name}, release {shown['release']}, revision {shown['revision']}"
    lines = [(title, "bold"), ("# compose.yml", "cyan")]
    lines += [(line, "") for line in shown["compose"].splitlines()]
    lines += [("# .env", "cyan"), *((line, "") for line in shown["env"].splitlines())]
    if shown["prepared"]:
        lines.append((f"# Release {shown['prepared']} is prepared, and not released yet.", ""))
    print_styled(lines, to=to)
