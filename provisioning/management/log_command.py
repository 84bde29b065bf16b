"""`container logs`: the end of a log, or with -f what comes to it, until Ctrl-C."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import OutputWrapper
from django.db import InterfaceError, OperationalError, connection

from audit.console_output import printable
from provisioning.drivers.host import DockerApi
from provisioning.drivers.log_cursors import ns_of, stamp_of
from provisioning.drivers.log_lines import Line
from provisioning.drivers.pool import host_driver
from provisioning.logs.choosing import Choice
from provisioning.logs.following import Backlog, Following, Gone, More, Started, Stopped, Trouble
from provisioning.logs.reading import MAX_BYTES, MAX_LINES, item_of
from provisioning.targets import target_of
from sites.models import Container, Host


class Printing:
    """Lines to standard output, what happens to standard error."""

    def __init__(
        self, out: OutputWrapper, *, choice: Choice, as_json: bool, timestamps: bool
    ) -> None:
        self._out, self._choice = out, choice
        self._as_json, self._timestamps = as_json, timestamps

    def lines(self, lines: Iterable[Line]) -> None:
        for line in self._choice.of(lines):
            item = item_of(line, timestamps=self._timestamps)
            self._out.write(json.dumps(item) if self._as_json else printable(item["text"]))
        self._out.flush()

    def news(self, told: str) -> None:
        sys.stderr.write(f"{printable(told)}\n")


def follow(row: Container, to: Printing, *, tail: int, since: datetime | None) -> None:
    """Until the container is gone or somebody interrupts. Goes on by itself after a cut."""
    following = Following(
        lambda: _docker(row.host_id),
        row.docker_id,
        tail=tail,
        since_ns=ns_of(stamp_of(since)) if since else None,
        max_lines=MAX_LINES,
        max_bytes=MAX_BYTES,
    )
    try:
        for news in following.news():
            if isinstance(news, Backlog | More):
                if isinstance(news, More) and news.missed:
                    to.news("Some lines may be missing: the log was cut off meanwhile.")
                to.lines(news.lines)
            elif words := _words(news):
                to.news(words)
    except KeyboardInterrupt:
        return  # how one leaves it
    finally:
        following.close()


def _docker(host: int) -> DockerApi:
    rows = Host.objects.select_related("credential", "via")
    try:
        row = rows.get(pk=host)
    except (InterfaceError, OperationalError):  # logs are read for hours, this connection was not
        connection.close()
        row = rows.get(pk=host)
    return host_driver(target_of(row)).docker


def _words(news: Any) -> str:
    if isinstance(news, Stopped):
        code = "" if news.exit_code is None else f" with code {news.exit_code}"
        return f"It is {news.state}{code}; what it says when it runs again follows."
    if isinstance(news, Started):
        return "It runs again."
    if isinstance(news, Trouble):
        return f"{news.error.message} {news.error.advice}"
    return "It was removed." if isinstance(news, Gone) else ""
