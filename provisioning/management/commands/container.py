"""manage.py container list | show | logs | inspect | create | start | stop | restart | kill | …"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from django.db.models import QuerySet
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_json, print_rows, printable
from audit.record import Actor
from provisioning.inspecting import inspect
from provisioning.logs.choosing import Choice
from provisioning.logs.levels import LEVELS
from provisioning.logs.reading import MAX_LINES, Asked, read_log
from provisioning.management import new_container_options as new
from provisioning.management.following import NoWait, begin, follow, usage
from provisioning.management.log_command import Printing
from provisioning.management.log_command import follow as following
from provisioning.management.naming import container_named, host_named
from provisioning.management.plan_output import print_plan
from provisioning.management.verbs import add_verbs
from provisioning.previews import host_for, preview_container
from sites.filters import ContainerFilter
from sites.models import Container
from sites.rows import EVERYTHING, container_rows
from sites.schemas import container_detail, container_out

COLUMNS = ("id", "host_name", "name", "state", "health", "image", "ports", "site_name", "since")
STREAMS = ("stdout", "stderr")
MAX_SINCE_S = 10 * 365 * 86_400  # calendars end, numbers do not
Name = Annotated[str, typer.Argument(metavar="[HOST/]NAME", help="a container, or its id")]


class Command(ConsoleCommand):
    """Containers of all hosts: list, show, act on them."""

    @command("list")
    def list_containers(
        self,
        host: Annotated[str, typer.Option(help="name or id of a host")] = "",
        state: Annotated[list[str] | None, typer.Option(help="running, exited, unknown, …")] = None,
        health: Annotated[str, typer.Option(help="healthy, unhealthy, starting or none")] = "",
        project: Annotated[str, typer.Option(help="compose project")] = "",
        image: Annotated[str, typer.Option(help="part of the image's name")] = "",
        search: Annotated[str, typer.Option(help="words in name, image, project or host")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Containers by name, with their state as last confirmed."""
        given = {
            "host": host, "state": state or [], "health": health, "project": project,
            "image": image, "search": search,
        }  # fmt: skip
        rows = chosen(given).order_by("host__name", "name", "pk")
        shown = [container_out(row) for row in rows]
        if as_json:
            return print_json(shown, to=self.stdout)
        print_rows(
            ({**row, "ports": ports(row["ports"]), "since": row["state_since"]} for row in shown),
            columns=COLUMNS,
            as_json=False,
            to=self.stdout,
        )

    @command("show")
    def show(self, name: Name, as_json: AsJson = False) -> None:
        """All that is known of a container."""
        fields = container_detail(container_named(name))
        print_fields(fields, as_json=as_json, to=self.stdout)

    @command("logs")
    def logs(
        self,
        name: Name,
        follow: Annotated[
            bool, typer.Option("--follow", "-f", help="go on with what comes, until Ctrl-C")
        ] = False,
        tail: Annotated[int, typer.Option(min=1, max=MAX_LINES, help="the last lines")] = 200,
        since_s: Annotated[
            int | None,
            typer.Option("--since", min=1, max=MAX_SINCE_S, help="only the last so many seconds"),
        ] = None,
        search: Annotated[str, typer.Option(help="only lines with this text")] = "",
        level: Annotated[str, typer.Option(help="debug, info, warning or error, and worse")] = "",
        stream: Annotated[str, typer.Option(help="only stdout or stderr")] = "",
        timestamps: Annotated[bool, typer.Option("--timestamps", "-t")] = False,
        as_json: AsJson = False,
    ) -> None:
        """The end of a container's log, read on its host now; as JSON, an object a line."""
        since = datetime.now(UTC) - timedelta(seconds=since_s) if since_s else None
        choice = Choice(search, _one_of(level, LEVELS), _one_of(stream, STREAMS))
        row = container_named(name)
        if follow:
            to = Printing(self.stdout, choice=choice, as_json=as_json, timestamps=timestamps)
            return following(row, to, tail=tail, since=since)
        asked = Asked(tail=tail, since=since, choice=choice)
        found = read_log(row, asked, timestamps=timestamps)
        if as_json:
            return print_json(found, to=self.stdout)
        for line in found["lines"]:
            self.stdout.write(printable(line))

    @command("inspect")
    def inspect(self, name: Name, as_json: AsJson = False) -> None:
        """What Docker itself tells of a container, read on its host now; secrets are masked."""
        found = inspect(container_named(name), user=EVERYTHING)
        if as_json:
            return print_json(found, to=self.stdout)
        self.stdout.write(printable(json.dumps(found["inspect"], indent=2, ensure_ascii=False)))

    @command("create")
    def create(
        self,
        name: Annotated[str, typer.Argument(metavar="NAME", help="of the new container")],
        image: Annotated[str, typer.Argument(metavar="IMAGE", help="with a tag or digest")],
        words: new.Words = None,
        host: new.OnHost = "",
        entrypoint: new.Entrypoint = None,
        env: new.Env = None,
        env_file: new.EnvFile = None,
        publish: new.Publish = None,
        volume: new.Volume = None,
        network: new.Network = None,
        memory: new.Memory = "",
        cpus: new.Cpus = None,
        pids: new.Pids = None,
        restart: new.Restart = "unless-stopped",
        label: new.Label = None,
        pull: new.Pull = "never",
        no_start: Annotated[bool, typer.Option("--no-start", help="only make it")] = False,
        plan: Annotated[bool, typer.Option("--plan", help="only say what would be done")] = False,
        no_wait: NoWait = False,
        as_json: AsJson = False,
    ) -> None:
        """Make a container on a host and start it; a failure takes back what was made."""
        row = host_named(host) if host else host_for(None, EVERYTHING)
        given = new.told(
            name=name, image=image, command=words, entrypoint=entrypoint, env=env,
            env_file=env_file, publish=publish, volume=volume, networks=network, memory=memory,
            cpus=cpus, pids=pids, restart=restart, label=label, pull=pull, start=not no_start,
        )  # fmt: skip
        if plan:
            with usage():
                made = preview_container(row, given, actor=Actor.of_command())
            return print_plan(made, as_json=as_json, to=self.stdout)
        operation = begin("container.create", row, params=given)
        follow(operation, no_wait=no_wait, as_json=as_json, out=self.stdout, err=self.stderr)


add_verbs(Command, "container", container_named, but=frozenset({"create"}))


def chosen(given: Mapping[str, object]) -> QuerySet[Container]:
    """The rows these options ask for. What cannot be understood is a wrong usage."""
    wanted = ContainerFilter(data=given, queryset=container_rows(EVERYTHING))
    if not wanted.is_valid():
        field, reasons = next(iter(wanted.errors.items()))
        raise typer.BadParameter(f"{field}: {reasons[0]}")
    rows: QuerySet[Container] = wanted.qs
    return rows


def _one_of(value: str, allowed: Sequence[str]) -> str:
    if value and value not in allowed:
        raise typer.BadParameter(f"{value}: one of {', '.join(allowed)}")
    return value


def ports(published: list[dict[str, object]]) -> list[str]:
    """As `docker ps` writes them: 8080->80/tcp."""
    return [
        f"{port['public']}->{port['private']}/{port['protocol']}"
        for port in published
        if port["public"]
    ]
