"""A part of a container's log, as its host has it now."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi
from provisioning.drivers.hostile import storable
from provisioning.drivers.log_cursors import (
    NEAR_LINES,
    OVERLAP_NS,
    Cursor,
    Resuming,
    ns_of,
    stamp_of,
)
from provisioning.drivers.log_lines import Line
from provisioning.drivers.pool import host_driver
from provisioning.logs.bounded import LastLines
from provisioning.logs.choosing import Choice
from provisioning.logs.levels import level_of
from provisioning.targets import target_of
from sites.models import Container

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_SCANNED: Final = 500_000
TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The last ``tail`` lines of what lies between; with ``after`` the first ones behind it.

    Of those, the ones of ``choice``. ``until`` is included.
    """

    tail: int = 200
    since: datetime | None = None
    until: datetime | Cursor | None = None
    after: Cursor | None = None
    choice: Choice = Choice()


@dataclass(frozen=True, slots=True)
class Part:
    """``read`` lines were looked at, up to ``last``. ``more`` come behind those, with ``after``.

    ``missed``: the line of ``after`` is not in the log any more, nor may others be that followed.
    """

    lines: list[Line]
    read: int
    first: Cursor | None
    last: Cursor | None
    more: bool = False
    missed: bool = False


def read_part(docker: DockerApi, docker_id: str, asked: Asked) -> Part:
    """Raises DriverError."""
    if asked.after is not None:
        return _after(docker, docker_id, asked, asked.after)
    # One more than is wanted: it tells whether the first one has others of its time before it.
    wanted = asked.tail + 1
    if asked.until is None:
        kept = _last(docker, docker_id, asked, tail=wanted)
    else:  # Docker counts from the end of the log, whatever ``until`` says
        near = isinstance(asked.until, datetime)
        kept = _last(docker, docker_id, asked, tail=wanted + NEAR_LINES if near else None)
        if near and kept.read < wanted:
            kept = _last(docker, docker_id, asked, tail=None)
    lines = kept.lines()
    if not lines:
        return Part([], 0, None, None)
    return Part(asked.choice.of(lines), len(lines), Cursor.of(lines[0]), Cursor.of(lines[-1]))


def _last(docker: DockerApi, docker_id: str, asked: Asked, *, tail: int | None) -> LastLines:
    kept = LastLines(max_lines=asked.tail, max_bytes=MAX_BYTES)
    for lines in _read(docker, docker_id, asked, tail=tail):
        kept.add(lines)
    return kept


def _after(docker: DockerApi, docker_id: str, asked: Asked, after: Cursor) -> Part:
    """Near the end of the log it is found at once, else Docker reads all that lies before."""
    near = _behind(docker, docker_id, asked, after, tail=asked.tail + NEAR_LINES)
    return _behind(docker, docker_id, asked, after, tail=None) if near.missed else near


def _behind(
    docker: DockerApi, docker_id: str, asked: Asked, after: Cursor, *, tail: int | None
) -> Part:
    resuming = Resuming(after)
    found: list[Line] = []
    read, more, last = 0, False, after
    for lines in _read(docker, docker_id, asked, tail=tail, since_ns=resuming.since_ns):
        behind = resuming.take(lines) if lines else resuming.give_up()
        chosen = asked.choice.of(behind)
        room = asked.tail - len(found)
        more = len(chosen) > room
        if more:
            behind = behind[: behind.index(chosen[room])]
        read += len(behind)
        found += chosen[:room]
        last = Cursor.of(behind[-1]) if behind else last
        if more or read > MAX_SCANNED:
            more = True
            break
    return Part(found, read, after, last, more, resuming.missed)


def _read(
    docker: DockerApi, docker_id: str, asked: Asked, *,
    tail: int | None = None, since_ns: int | None = None,
) -> Iterator[list[Line]]:  # fmt: skip
    """The log in pieces; an empty one stands at the end of it."""
    if since_ns is None and asked.since is not None:
        since_ns = ns_of(stamp_of(asked.since))
    stream = docker.log_stream(
        docker_id, follow=False, tail=tail, since_ns=since_ns, until_ns=_until_ns(asked.until)
    )
    deadline = time.monotonic() + TIMEOUT_S
    try:
        while not stream.ended:
            lines = stream.read(timeout_s=max(0.0, deadline - time.monotonic()))
            if time.monotonic() > deadline:
                raise DriverError("Reading this part of the log takes too long", "timeout")
            if end := _end(lines, asked.until):
                yield lines[:end]
                break
            if lines:
                yield lines
    finally:
        stream.close()
    yield []


def _until_ns(until: datetime | Cursor | None) -> int | None:
    if isinstance(until, Cursor):
        return until.at_ns + OVERLAP_NS
    return None if until is None else ns_of(stamp_of(until))


def _end(lines: list[Line], until: datetime | Cursor | None) -> int:
    """How many of these come before the end, which is in them; 0 if it is not."""
    if isinstance(until, Cursor):
        for number, line in enumerate(lines, start=1):
            if (line.at, line.nth) == (until.at, until.nth):
                return number
    return 0


def read_log(row: Container, asked: Asked, *, timestamps: bool = False) -> dict[str, Any]:
    """As the API tells it. Raises DriverError."""
    part = read_part(host_driver(target_of(row.host)).docker, row.docker_id, asked)
    items = [item_of(line, timestamps=timestamps) for line in part.lines]
    return {
        "container": row.pk,
        "lines": [item["text"] for item in items],
        "read": part.read,
        "items": items,
        "first": None if part.first is None else str(part.first),
        "last": None if part.last is None else str(part.last),
        "more": part.more,
        "missed": part.missed,
    }


def item_of(line: Line, *, timestamps: bool = False) -> dict[str, Any]:
    text = storable(line.text, limit=len(line.text))
    return {
        "cursor": line.cursor,
        "at": line.at,
        "stream": line.stream,
        "level": level_of(line.text) or None,
        "text": f"{line.at} {text}" if timestamps else text,
    }


def as_text(row: Container, told: dict[str, Any]) -> HttpResponse:
    return as_file(row.name, "".join(f"{line}\n" for line in told["lines"]))


def as_file(name: str, body: str) -> HttpResponse:
    """Whatever is in it, no browser shows it as a page."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.log"'}
    return HttpResponse(body, content_type="text/plain; charset=utf-8", headers=headers)
