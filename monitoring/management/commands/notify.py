"""manage.py notify list | test"""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import typer
from django.core.management.base import CommandError
from django_typer.management import command

from audit.actor import Actor
from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_rows
from monitoring.notify import acts
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.shown import channel_out, delivery_out

_COLUMNS: Final = ("name", "service", "hint", "min_severity", "of", "resolved", "enabled",
                   "failing_until")  # fmt: skip
_SHOWN: Final = ("channel_name", "state", "attempts", "error")
LOOK_S: Final = 0.3
WAIT_S: Final = 60.0


class Command(ConsoleCommand):
    """Channels of notifications. Their addresses are shown to nobody."""

    @command("list")
    def list_channels(self, as_json: AsJson = False) -> None:
        """All channels, and whether they fail."""
        rows = Channel.objects.select_related("host", "site__host", "tag")
        print_rows(map(channel_out, rows), columns=_COLUMNS, as_json=as_json, to=self.stdout)

    @command("test")
    def test(
        self,
        name: Annotated[str, typer.Argument(metavar="CHANNEL")],
        no_wait: Annotated[bool, typer.Option("--no-wait", help="do not wait for it")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Sends a test through a channel and says what its service answered. Exit code 1 if it
        was not told. The monitor sends it, so it must run."""
        row = Channel.objects.filter(name=name).first()
        if row is None:
            raise typer.BadParameter(f"there is no channel {name}")
        sent = acts.test(row.pk, actor=Actor.of_command())
        if not no_wait:
            _wait_for(sent)
        told = delivery_out(sent)
        fields: dict[str, Any] = told if as_json else {one: told[one] for one in _SHOWN}
        print_fields(fields, as_json=as_json, to=self.stdout)
        if sent.state in Delivery.ACTIVE and not no_wait:
            raise CommandError("Nobody has sent it yet: see that the monitor runs.")
        if not no_wait and sent.state != Delivery.State.SENT:
            raise typer.Exit(1)


def _wait_for(sent: Delivery) -> None:
    """Until it is over, which takes half a minute with the slowest service."""
    ends_at = time.monotonic() + WAIT_S
    while sent.state in Delivery.ACTIVE and time.monotonic() < ends_at:
        time.sleep(LOOK_S)  # another process sends it, and says so in its row
        sent.refresh_from_db()
