"""A terminal is begun: who may, what is run, and the entry that says so before it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from audit.masking import MASK, mask_text
from audit.models import Phase, Status
from audit.record import Actor, record
from provisioning.terminals import recording
from provisioning.terminals.models import (
    IN_CONTAINERS,
    LEASE,
    ON_HOSTS,
    TerminalSession,
)
from provisioning.terminals.serving import new_mark
from sites.models import Container, Host
from sites.rights import may, may_on

_SECRET_OPTIONS: Final = ("-p", "--password", "--token", "--secret", "--passphrase", "--api-key")
_MAX_SHOWN: Final = 1_000


class TerminalError(Exception):
    """Why no terminal is opened, or it has ended. ``status`` as an answer over HTTP would have."""

    def __init__(self, message: str, code: str, *, status: int = 409, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.field = field
        self.details: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``argv`` empty: a shell."""

    argv: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    tty: bool = True
    cols: int = 80
    rows: int = 24


def container_for(user: User, key: int) -> Container:
    """The container, if the account may open a terminal in it at this moment."""
    rows = Container.objects.visible_to(user).select_related("host__via", "host__credential")
    row = rows.filter(pk=key).first()
    if row is None:
        raise TerminalError("There is no such container.", "not_found", status=404)
    if not may_on(user, IN_CONTAINERS, row):
        message = f"You may not open terminals in {row.name}."
        raise TerminalError(message, "forbidden", status=403)
    _open_on(row.host)
    return row


def host_for(user: User, key: int) -> Host:
    """The host, if the account may open a terminal on it itself."""
    rows = Host.objects.visible_to(user).select_related("via", "credential")
    row = rows.filter(pk=key).first()
    if row is None:
        raise TerminalError("There is no such host.", "not_found", status=404)
    if not may_open_on(user, row):
        message = f"You may not open terminals on {row.name}."
        raise TerminalError(message, "forbidden", status=403)
    _open_on(row)
    return row


def may_open_on(user: User, row: Host) -> bool:
    """On this machine the shell is SiteFlow's own account, which reads everything there is."""
    if row.connection == Host.Connection.LOCAL:
        return may(user, ON_HOSTS)
    return may_on(user, ON_HOSTS, row)


def needs_host(user: User, row: Container) -> None:
    """Of a container whose processes command the host: the right for the host is needed as well."""
    if not may_open_on(user, row.host):
        message = (
            f"Whoever is in {row.name} commands {row.host.name} itself (privileged, or it holds "
            "Docker's socket), so the right to open terminals on the host is needed."
        )
        raise TerminalError(message, "forbidden", status=403)


def _open_on(host: Host) -> None:
    if host.terminals == Host.Terminals.OFF:
        raise TerminalError(f"Terminals are turned off for {host.name}.", "terminals_off")


def begin(
    place: Container | Host, *, user: User, actor: Actor, wanted: Wanted, as_host: bool = False
) -> TerminalSession:
    """The row and the entry of intent, in one transaction; the recording is tried before.

    Raises TerminalError when the account has too many open, or, where the host is strict, when
    nothing can be recorded.
    """
    now = timezone.now()
    host = place.host if isinstance(place, Container) else place
    with transaction.atomic():
        _not_too_many(user, now=now)
        row = _row(place, host, actor=actor, wanted=wanted, now=now)
        row.user, row.as_host = user, as_host
        row.save()
        _try_recording(row)
        on_record(row, phase=Phase.INTENT, status=Status.ACCEPTED)
    return row


def _not_too_many(user: User, *, now: datetime) -> None:
    rows = TerminalSession.objects.open().filter(user=user, lease_until__gt=now)
    if rows.count() >= settings.TERMINALS_PER_ACCOUNT:
        message = f"You have {settings.TERMINALS_PER_ACCOUNT} terminals open; close one first."
        raise TerminalError(message, "too_many_terminals", status=429)


def _row(
    place: Container | Host, host: Host, *, actor: Actor, wanted: Wanted, now: datetime
) -> TerminalSession:
    inside = place if isinstance(place, Container) else None
    return TerminalSession(
        user_name=actor.name[:150],
        source=actor.source,
        remote_addr=actor.remote_addr,
        user_agent=actor.user_agent[:300],
        request_id=actor.request_id[:64],
        host=host,
        host_name=host.name,
        site=inside.site if inside else None,
        container=inside,
        container_name=inside.name if inside else "",
        docker_id=inside.docker_id if inside else "",
        mark=new_mark(),
        command=shown(wanted.argv),
        run_as=wanted.user[:100],
        tty=wanted.tty,
        cols=wanted.cols,
        rows=wanted.rows,
        strict=host.terminals == Host.Terminals.STRICT,
        started_at=now,
        lease_until=now + LEASE,
    )


def _try_recording(row: TerminalSession) -> None:
    """An empty piece: what cannot be written now is known before anything is opened."""
    try:
        with transaction.atomic():
            recording.keep(row.pk, 0, "")
    except Exception as error:  # whatever it is: encryption, a full disk, the database
        if row.strict:
            message = f"{row.host_name} asks for a recording, which cannot be written."
            raise TerminalError(message, "no_recording") from error
        row.recording = row.Recording.FAILED
        row.save(update_fields=["recording"])


def shown(argv: tuple[str, ...]) -> str:
    """The command for people: without what looks like a secret."""
    words = []
    hide = False
    for word in argv:
        words.append(
            MASK
            if hide
            else word
            if word.isprintable() and word and " " not in word
            else json.dumps(word)
        )
        hide = word in _SECRET_OPTIONS
    return mask_text(" ".join(words))[:_MAX_SHOWN]


def on_record(
    row: TerminalSession,
    *,
    phase: str,
    status: str,
    error: str = "",
    error_code: str = "",
    after: dict[str, object] | None = None,
) -> None:
    """An entry about this terminal, in the caller's transaction."""
    about = {"terminal": row.pk, "command": row.command, "user": row.run_as, "tty": row.tty}
    elapsed = (row.ended_at - row.started_at).total_seconds() * 1000 if row.ended_at else None
    record(
        phase=phase,
        action=row.action,
        status=status,
        actor=row.actor,
        target_type="container" if row.docker_id else "host",
        target_id=(row.container_id if row.docker_id else row.host_id) or "",
        target_name=row.container_name or row.host_name,
        host_name=row.host_name,
        place=row.place,
        after={**about, **(after or {})},
        error=error,
        error_code=error_code,
        duration_ms=elapsed,
    )
