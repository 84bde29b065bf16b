"""From a wish to a running process: rights, shell, the entry, and only then the host is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User

from audit.models import Phase, Status
from audit.record import Actor, record
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.terminal import Start, Terminal
from provisioning.terminals.beginning import (
    TerminalError,
    Wanted,
    begin,
    container_for,
    host_for,
    needs_host,
)
from provisioning.terminals.ending import finish, surely_ended
from provisioning.terminals.models import TerminalSession
from provisioning.terminals.way import driver_of
from sites.models import Container, Host

LOGIN_SHELL: Final = "login shell"
_CONNECT_S: Final = 15.0


@dataclass(frozen=True)
class Opened:
    row: TerminalSession
    terminal: Terminal
    host: HostDriver
    shell: str  # what runs: the path of the shell that was found, or the command's first word


def look_at(kind: str, key: int, *, user: User) -> Container | Host:
    """What the terminal is to be opened in or on. Raises TerminalError for who may not."""
    return container_for(user, key) if kind == "container" else host_for(user, key)


def open_in(
    kind: str,
    key: int,
    *,
    user: User,
    actor: Actor,
    wanted: Wanted,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Opened:
    """Rights are looked at now, whatever was so when the socket was opened.

    Raises TerminalError and DriverError; what was begun is then on record as failed. What nobody
    waits for any more (``is_wanted``) is not begun.
    """
    place = look_at(kind, key, user=user)
    if isinstance(place, Host):
        return _on_host(place, user=user, actor=actor, wanted=wanted)
    host = driver_of(place.host)
    if place.state != place.State.RUNNING:
        raise TerminalError(f"{place.name} does not run.", "not_running")
    as_host = host.docker.commands_host(place.docker_id)
    if as_host:
        needs_host(user, place)
    argv = wanted.argv or (host.docker.find_shell(place.docker_id),)
    if not is_wanted():
        raise TerminalError("Nobody waits for it any more.", "left")
    named = Wanted(**{**wanted.__dict__, "argv": argv})
    row = begin(place, user=user, actor=actor, wanted=named, as_host=as_host)
    start = Start(
        argv=argv, user=wanted.user, workdir=wanted.workdir, tty=wanted.tty, cols=wanted.cols,
        rows=wanted.rows, mark=row.mark,
    )  # fmt: skip
    terminal = _opened(
        row, host, lambda: host.docker.exec_open(place.docker_id, start, made=row.is_of)
    )
    return Opened(row, terminal, host, argv[0])


def _on_host(place: Host, *, user: User, actor: Actor, wanted: Wanted) -> Opened:
    if wanted.argv or wanted.user or wanted.workdir or not wanted.tty:
        message = "On a host, the login shell of its user is opened and nothing else."
        raise TerminalError(message, "bad_argument", status=422, field="command")
    host = driver_of(place)
    named = Wanted(argv=(LOGIN_SHELL,), user=place.username, cols=wanted.cols, rows=wanted.rows)
    row = begin(place, user=user, actor=actor, wanted=named)
    terminal = _opened(
        row, host, lambda: host.terminal(cols=wanted.cols, rows=wanted.rows, timeout_s=_CONNECT_S)
    )
    return Opened(row, terminal, host, LOGIN_SHELL)


def _opened(row: TerminalSession, host: HostDriver, work: Callable[[], Terminal]) -> Terminal:
    try:
        return work()
    except DriverError as error:
        try:  # it may have been started all the same
            is_gone = surely_ended(row, host)
        except DriverError:
            is_gone = False
        finish(row, why=error.code, exit_code=None, is_gone=is_gone, error=error.message)
        raise


def refusal_on_record(kind: str, key: int, actor: Actor, message: str) -> None:
    """Who was refused a terminal that can be seen; what cannot be seen has no entry."""
    model = Container if kind == "container" else Host
    row = model.objects.filter(pk=key).first()
    if row is None:
        return
    record(
        phase=Phase.EVENT,
        action="container.exec" if kind == "container" else "host.terminal",
        status=Status.REFUSED,
        actor=actor,
        target_type=kind,
        target_id=key,
        target_name=row.name,
        host_name=row.host.name if isinstance(row, Container) else row.name,
        place=row.place,
        error=message,
        error_code="forbidden",
    )
