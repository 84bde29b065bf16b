"""manage.py user add | role | token | list | show | disable | enable"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_typer.management import command

from audit.actor import Actor
from audit.console_command import ConsoleCommand
from audit.console_input import from_stdin
from audit.console_output import AsJson, print_fields, print_rows
from siteflow.accounts import tokens
from siteflow.people import acts, giving
from siteflow.people.places import EVERYTHING as EVERYWHERE
from siteflow.people.places import place_named
from siteflow.people.telling import COLUMNS, account_out, account_rows
from sites import granting
from sites.rows import EVERYTHING

Name = Annotated[str, typer.Argument(metavar="NAME", help="an account's user name")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="viewer, operator, admin, or your own")]
On = Annotated[
    str, typer.Option(help="host:NAME, site:NAME@HOST or tag:NAME; without it, for everything")
]
MAX_LABEL = 100  # as of tokens that are made elsewhere
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


class Move(StrEnum):
    GIVE = "give"
    TAKE = "take"


class Command(ConsoleCommand):
    """Accounts: add them, give and take roles, make tokens, disable and enable."""

    @command("list")
    def list_users(self, as_json: AsJson = False) -> None:
        """All accounts, with their roles and where they hold them."""
        rows = [account_out(user) for user in account_rows().order_by("username")]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("show")
    def show(self, name: Name, as_json: AsJson = False) -> None:
        """One account. Nothing secret is shown to anybody."""
        self._shown(user_named(name), as_json=as_json)

    @command("add")
    def add(
        self,
        name: Name,
        role: Annotated[str, typer.Option(help="a role to begin with")] = "",
        on: On = "",
        generate_password: Annotated[
            bool, typer.Option("--generate-password", help="print one, once (the default)")
        ] = False,
        password_stdin: Annotated[
            bool, typer.Option("--password-stdin", help="read the password from standard input")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Add an account. A generated password must be changed at the first login."""
        if generate_password and password_stdin:
            raise typer.BadParameter("Give one of --generate-password and --password-stdin.")
        if on and not role:
            raise typer.BadParameter("Say which --role it is to hold there.")
        given = from_stdin("password") if password_stdin else None
        actor = Actor.of_command()
        with transaction.atomic():
            user, password = acts.add(name, actor=actor, password=given)
            if role:
                _give(role, user, on, actor)
        told = account_out(account_rows().get(pk=user.pk))
        shown = {} if password_stdin else {"password": password}
        print_fields({**told, **shown}, as_json=as_json, to=self.stdout)
        if shown:
            self.stderr.write("The password is shown this once; the first login changes it.")

    @command("role")
    def role(
        self,
        name: Name,
        move: Annotated[Move, typer.Argument(help="give or take")],
        role: Role,
        on: On = "",
        as_json: AsJson = False,
    ) -> None:
        """Give an account a role, or take one away."""
        user, actor = user_named(name), Actor.of_command()
        if move is Move.GIVE:
            _give(role, user, on, actor)
        else:
            place = place_named(on or EVERYWHERE, to=EVERYTHING)
            giving.take(giving.role_named(role), of=user, on=place, actor=actor)
        self._shown(user, as_json=as_json)

    @command("token")
    def token(
        self,
        name: Name,
        scopes: Annotated[str, typer.Option(help="read,operate,manage,audit,accounts")],
        expires: Annotated[str, typer.Option(metavar="90d", help="days or hours (12h); never")] = (
            "90d"
        ),
        label: Annotated[str, typer.Option(help="what it is for")] = "made by manage.py",
        as_json: AsJson = False,
    ) -> None:
        """Make an API token for an account and print it, this once."""
        if len(label) > MAX_LABEL:
            raise typer.BadParameter(f"It has more than {MAX_LABEL} characters.")
        made, text = tokens.make(
            user_named(name),
            name=label,
            scopes=[scope.strip() for scope in scopes.split(",")],
            expires_at=expiry(expires),
            actor=Actor.of_command(),
        )
        fields = {"token": text, "name": made.name, "scopes": made.scopes}
        fields["expires_at"] = made.expires_at
        print_fields(fields, as_json=as_json, to=self.stdout)

    @command("disable")
    def disable(self, name: Name, as_json: AsJson = False) -> None:
        """End all that came in by an account, and let nothing in by it any more."""
        user = user_named(name)
        acts.disable(user, actor=Actor.of_command())
        self._shown(user, as_json=as_json)

    @command("enable")
    def enable(self, name: Name, as_json: AsJson = False) -> None:
        """Let a disabled account log in again."""
        user = user_named(name)
        acts.enable(user, actor=Actor.of_command())
        self._shown(user, as_json=as_json)

    def _shown(self, user: User, *, as_json: bool) -> None:
        told = account_out(account_rows().get(pk=user.pk))
        print_fields(told, as_json=as_json, to=self.stdout)


def user_named(name: str) -> User:
    """An unknown one is a wrong usage: exit code 2."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise typer.BadParameter(f"There is no account {name!r}.")
    return user


def expiry(text: str) -> datetime | None:
    if text == "never":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,3})([dh])", text)
    if found is None:
        raise typer.BadParameter("Write 90d, 12h or never.", param_hint="--expires")
    return timezone.now() + int(found[1]) * _UNITS[found[2]]


def _give(role: str, user: User, on: str, actor: Actor) -> None:
    place = place_named(on or EVERYWHERE, to=EVERYTHING)
    granting.give(giving.role_named(role), to=user, on=place, actor=actor)
