"""One kept SSH connection to a host: made when first needed, made again when it has died."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko

from provisioning.drivers.auth import log_in
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.handshake import exchange_keys
from provisioning.drivers.hostile import printable
from provisioning.drivers.lane import Lane
from provisioning.drivers.link import LaneOverdue, LaneRefused, Link, LinkDown
from provisioning.drivers.slots import Slots
from provisioning.drivers.target import SshTarget
from provisioning.drivers.tcp import connect_tcp

KEEPALIVE_S = 15
CHANNELS = 4  # sshd's MaxSessions is 10 by default, and others log in, too
_PROHIBITED, _CONNECT_FAILED = 1, 2  # RFC 4254, section 5.1
_PROBE_TIMEOUT_S = 2.0


def label(target: SshTarget) -> str:
    """How messages name a host. Without its address: who sees a container reads them, too."""
    return target.name


@dataclass(slots=True)
class Held:
    """A channel that occupies one of the connection's slots until it is released."""

    lane: Lane
    link: Link
    slots: Slots
    released: bool = False

    def release(self) -> None:
        """Close the channel and free its slot; may be called twice."""
        if self.released:
            return
        self.released = True
        try:
            with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
                self.lane.close()
        finally:
            self.slots.give_back()


class Connection:
    """Thread-safe. Connecting is done by one caller at a time; the others wait for it.

    ``via`` is the jump host's own kept connection; TCP goes through it as ``direct-tcpip``.
    ``reclaim`` may be set to what gives a kept but idle channel back.
    """

    def __init__(
        self, target: SshTarget, *, via: Connection | None = None, channels: int = CHANNELS
    ) -> None:
        self.target = target
        self.who = label(target)
        self._channels = channels
        self.reclaim: Callable[[], bool] = lambda: False
        self._via = via
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._link: Link | None = None
        self._connecting = threading.Lock()
        self._failed_at = 0.0
        self._failure: DriverError | None = None
        self._used_at = time.monotonic()
        self.slots = Slots(self._channels, who=self.who, reclaim=lambda: self.reclaim())

    def _belong_here(self) -> None:
        """A forked child must not write on its parent's connection, nor wait for its locks."""
        if self._pid != os.getpid():
            self._reset()

    def session(self, deadline: Deadline) -> Held:
        """A new session channel, to run one command or subsystem in."""
        return self._hold("session", (), deadline)

    def streamlocal(self, path: str, deadline: Deadline) -> Held:
        """A channel to a unix socket on the host (OpenSSH's PROTOCOL, section 2.4)."""
        return self._hold("direct-streamlocal@openssh.com", (path, "", 0), deadline)

    def forwarded(self, address: str, port: int, deadline: Deadline) -> Held:
        """A channel to a TCP port as the host sees it; LaneRefused when nothing answers there."""
        return self._hold("direct-tcpip", (address, port, "127.0.0.1", 0), deadline)

    def _hold(self, kind: str, fields: tuple[str | int, ...], deadline: Deadline) -> Held:
        self._belong_here()
        slots = self.slots
        slots.take(deadline)
        try:
            lane, link = self._open(kind, fields, deadline)
        except BaseException:
            slots.give_back()
            raise
        self._used_at = time.monotonic()
        return Held(lane, link, slots)

    def _open(
        self, kind: str, fields: tuple[str | int, ...], deadline: Deadline
    ) -> tuple[Lane, Link]:
        """Open a channel, reconnecting once: nothing has been asked of the host yet."""
        reconnected = False
        while True:
            link = self.link(deadline)
            try:
                return self._open_on(link, kind, fields, deadline), link
            except LinkDown as error:
                if isinstance(error, LaneOverdue) and kind == "direct-tcpip":
                    self._blame_the_way(link)
                self.drop(link)
                if reconnected or deadline.passed():
                    raise DriverError(f"{self.who}: {error}", "link_lost") from None
                reconnected = True

    def _blame_the_way(self, link: Link) -> None:
        """A jump host answers only when it has reached the other host, or has given that up."""
        if link.answers(timeout_s=_PROBE_TIMEOUT_S):
            raise LaneRefused(_CONNECT_FAILED, "no answer")

    def _open_on(
        self, link: Link, kind: str, fields: tuple[str | int, ...], deadline: Deadline
    ) -> Lane:
        """Open a channel, waiting while the server has no room for it (its MaxSessions)."""
        pause_s = 0.02
        while True:
            try:
                limit_s = deadline.within(self.target.connect_timeout_s)
                return link.open_lane(kind, *fields, timeout_s=limit_s)
            except LaneRefused as refused:
                if kind != "session":
                    raise
                self._after_refusal(link, refused, deadline)
                self.slots.wait_for_end(deadline.within(pause_s))
                pause_s = min(pause_s * 2, 0.5)

    def _after_refusal(self, link: Link, refused: LaneRefused, deadline: Deadline) -> None:
        if refused.code == _PROHIBITED or not link.opened:
            said = printable(refused.text, limit=100)
            raise DriverError(f"{self.who}: the server opens no session: {said}", "no_shell")
        if deadline.passed():
            raise DriverError(f"{self.who}: the server has no free session", "busy")
        if not self.reclaim() and self.slots.taken <= 1:
            # None of ours is left: its sessions are held by what a broken command left behind.
            raise LinkDown("the server has no free session on this connection")

    def tunnel(self, address: str, port: int, *, who: str, deadline: Deadline) -> Lane:
        """A channel through this host to another one, for a jump."""
        fields = (address, port, "127.0.0.1", 0)  # where to, and on whose behalf
        try:
            lane, _ = self._open("direct-tcpip", fields, deadline)
            self._used_at = time.monotonic()
            return lane
        except LaneRefused as refused:
            raise _tunnel_error(refused, who, self.target.name) from None
        except DriverError as error:
            # A jump host whose key is not in order says nothing about the key of this one.
            code = "unreachable" if error.code.startswith("host_key") else error.code
            raise DriverError(f"{who}: by way of {error.message}", code) from None

    def link(self, deadline: Deadline) -> Link:
        """The kept connection, connecting first where needed."""
        self._belong_here()
        if self._closed:
            raise DriverError(f"{self.who}: this connection was given up", "link_lost")
        if (link := self._living()) is not None:
            return link
        asked_at = time.monotonic()
        if not self._connecting.acquire(timeout=deadline.left()):
            raise DriverError(f"{self.who}: still connecting", "timeout")
        try:
            if (link := self._living()) is not None:
                return link
            if self._failure is not None and self._failed_at > asked_at:
                # It was tried while we waited: the answer holds for us as well.
                raise DriverError(self._failure.message, self._failure.code)
            return self._connect_noting_failure(deadline)
        finally:
            self._connecting.release()

    def _living(self) -> Link | None:
        link = self._link
        return link if link is not None and link.is_active() else None

    def _connect_noting_failure(self, deadline: Deadline) -> Link:
        if self._link is not None:
            self.drop(self._link)
        whole = deadline.left() >= self.target.connect_timeout_s
        try:
            self._link = self._connect(Deadline(deadline.within(self.target.connect_timeout_s)))
        except DriverError as error:
            if whole:
                self._failure, self._failed_at = error, time.monotonic()
            raise
        if self._closed:
            self.drop(self._link)
            raise DriverError(f"{self.who}: this connection was given up", "link_lost")
        return self._link

    def _connect(self, deadline: Deadline) -> Link:
        target = self.target
        if not target.host_key:
            raise DriverError(f"{self.who}: its host key is not approved yet", "host_key_unknown")
        sock = reach(target, via=self._via, deadline=deadline)
        link = exchange_keys(sock, who=self.who, pinned=target.host_key, deadline=deadline)
        try:
            log_in(
                link,
                who=self.who,
                username=target.username,
                login=target.login,
                deadline=deadline,
            )
        except BaseException:
            link.shut()
            raise
        link.set_keepalive(KEEPALIVE_S)
        return link

    def drop(self, link: Link) -> None:
        """Give this connection up; whoever waits on it is woken, the next call makes a new one."""
        if self._link is link:
            self._link = None
        link.shut()

    def rest(self, *, after_s: float) -> None:
        """Close the connection if nobody has used it for ``after_s`` seconds.

        The next call makes a new one; a call that begins just now is not disturbed.
        """
        idle: list[Link] = []

        def detach() -> None:
            link = self._link
            unused_s = time.monotonic() - self._used_at
            if link is not None and not link.lanes_open() and unused_s > after_s:
                idle.append(link)
                self._link = None

        self.slots.while_free(detach)
        for link in idle:
            link.shut()

    def close(self) -> None:
        """Close it for good: whoever still holds this object must ask the pool for another."""
        self._closed = True
        if (link := self._link) is not None:
            self.drop(link)


def jump_connection(target: SshTarget) -> Connection | None:
    """The connection to the target's jump host, of its own; None when it has none."""
    if target.via is None:
        return None
    return Connection(target.via, via=jump_connection(target.via))


def reach(target: SshTarget, *, via: Connection | None, deadline: Deadline) -> socket.socket | Lane:
    """A byte stream to the host's SSH port, straight or through the jump host."""
    who = label(target)
    if via is not None:
        return via.tunnel(target.address, target.port, who=who, deadline=deadline)
    return connect_tcp(who=who, address=target.address, port=target.port, deadline=deadline)


def _tunnel_error(refused: LaneRefused, who: str, jump: str) -> DriverError:
    said = printable(refused.text, limit=200).lower()
    if refused.code == _PROHIBITED:
        message = f"{who}: {jump} does not forward connections"
        return DriverError(message, "forward_refused")
    code = "refused" if "refused" in said else "unreachable"
    if "resol" in said or "not known" in said:
        code = "name_unknown"
    return DriverError(f"{who}: not reached from {jump}: {said or 'connection failed'}", code)
