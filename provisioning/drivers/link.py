"""paramiko's transport, hardened: nothing waits for ever, nothing grows for ever.

paramiko trusts its peer and waits without limit in places. These subclasses override the few
methods where that matters; they rely on private names of the pinned paramiko 5.1.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST
from paramiko.message import Message

from provisioning.drivers.lane import Lane
from provisioning.drivers.packets import Packets

KEY_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),  # the key's type; SHA-1 signatures are not taken
}
SAFE_KEYS: Final = tuple(name for family in KEY_FAMILIES.values() for name in family)

_MAX_SEEN = 4096


class HostKeyMismatch(paramiko.SSHException):
    """The server proved to own another key than the pinned one."""


class LaneRefused(Exception):
    """The server would not open a channel. ``code`` is the reason of RFC 4254, section 5.1."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class LinkDown(Exception):
    """The connection ended, or did not answer in time, while a channel was being opened."""


class LaneOverdue(LinkDown):
    """The server did not say in time whether it opens a channel."""


def _late_bound(name: str) -> Callable[[Any, Message], None]:
    return lambda lane, message: getattr(lane, name)(message)


class Link(paramiko.Transport):
    """One SSH connection whose server must own ``pinned`` (any safe key when it is empty).

    Without a pinned key, one of ``prefer``'s type is asked for first.
    """

    # How often the reading thread wakes up by itself; closing wakes it at once.
    _active_check_timeout = 1.0

    packetizer: Packets

    # paramiko's table names its own class's methods, so those of Lane would never be called.
    _channel_handler_table: ClassVar = {
        code: _late_bound(method.__name__)
        for code, method in paramiko.Transport._channel_handler_table.items()  # type: ignore[attr-defined]
    }

    def __init__(self, sock: socket.socket | Lane, *, pinned: str, prefer: str = "") -> None:
        self._pinned = pinned
        self._algorithms = _algorithms(pinned, prefer)
        self.offered: tuple[str, ...] = ()
        self.farewell = ""
        self.opened = 0
        self._refusals: dict[int, LaneRefused] = {}
        self._given_up: set[int] = set()
        self._pid = os.getpid()
        self._probe = threading.Lock()
        super().__init__(sock, packetizer_class=Packets)

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Asked for in this order; host certificates are not, as they cannot be pinned."""
        return self._algorithms

    def _log(self, level: int, msg: object, *args: object) -> None:
        """Nothing: what fails becomes a DriverError, and servers may not write to our log."""

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        super()._verify_key(host_key, sig)  # type: ignore[misc]
        if self._pinned and public_line(self.host_key) != self._pinned:
            raise HostKeyMismatch(public_line(self.host_key))

    def _really_parse_kex_init(self, m: Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        parsed: dict[str, Any]
        parsed = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offered = tuple(parsed["server_key_algo_list"])
        return parsed

    def _parse_disconnect(self, m: Message) -> None:
        m.get_int()
        self.farewell = m.get_text()[:500]

    def _parse_channel_open_success(self, m: Message) -> None:
        self.opened += 1
        number = m.get_int()
        m.rewind()
        super()._parse_channel_open_success(m)  # type: ignore[misc]
        if number in self._given_up:
            self._given_up.discard(number)
            inner: Any = self
            if (late := inner._channels.get(number)) is not None:
                late.close()

    def _parse_channel_open_failure(self, m: Message) -> None:
        number = m.get_int()
        self._given_up.discard(number)
        self._refusals[number] = LaneRefused(m.get_int(), m.get_text()[:500])
        m.rewind()
        super()._parse_channel_open_failure(m)  # type: ignore[misc]

    def is_active(self) -> bool:
        """False in a forked child, too: the connection is its parent's."""
        return super().is_active() and self._pid == os.getpid()

    def _send_user_message(self, data: Message) -> None:
        if self._pid != os.getpid():
            raise EOFError
        super()._send_user_message(data)  # type: ignore[misc]

    def open_lane(self, kind: str, *fields: str | int, timeout_s: float) -> Lane:
        """Open a channel of any kind; ``fields`` are what the kind adds to the request."""
        if not self.is_active():
            raise LinkDown("the connection is closed")
        lane, arrived, message = self._prepare(kind, fields)
        inner: Any = self
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            inner._send_user_message(message)
        if not arrived.wait(timeout_s):
            self._given_up.add(lane.chanid)
            raise LaneOverdue("the server does not answer")
        if inner._channels.get(lane.chanid) is not None and self.is_active():
            return lane
        if not self.is_active():
            raise LinkDown("the connection ended")
        raise self._refusals.pop(lane.chanid, LaneRefused(2, ""))

    def _prepare(
        self, kind: str, fields: tuple[str | int, ...]
    ) -> tuple[Lane, threading.Event, Message]:
        inner: Any = self
        with self.lock:
            number: int = inner._next_channel()
            lane, arrived = Lane(number), threading.Event()
            inner._channels.put(number, lane)
            self.channel_events[number] = arrived
            self._remember(number)
            bookkeeping: Any = lane
            bookkeeping._set_transport(self)
            bookkeeping._set_window(self.default_window_size, self.default_max_packet_size)
        message = Message()
        message.add_byte(cMSG_CHANNEL_OPEN)
        message.add_string(kind)
        message.add_int(number)
        message.add_int(self.default_window_size)
        message.add_int(self.default_max_packet_size)
        for value in fields:
            message.add_int(value) if isinstance(value, int) else message.add_string(value)
        return lane, arrived, message

    def _remember(self, number: int) -> None:
        """Keep the list of numbers ever used short: paramiko never shortens it."""
        self.channels_seen[number] = True
        if len(self.channels_seen) > _MAX_SEEN:
            inner: Any = self
            for old in list(self.channels_seen)[: _MAX_SEEN // 2]:
                if inner._channels.get(old) is None:
                    del self.channels_seen[old]

    def lanes_open(self) -> int:
        inner: Any = self
        return len(inner._channels)

    def answers(self, *, timeout_s: float) -> bool:
        """Ask the server something that it must answer; False when it does not, in time.

        sshd refuses the unknown request, which is an answer. A keep-alive alone is not enough:
        the kernel of a host whose sshd is frozen acknowledges it.
        """
        asked_at = time.monotonic()
        with self._probe:
            if self.packetizer.heard_at > asked_at:
                return self.is_active()
            done = self.completion_event = threading.Event()
            message = Message()
            message.add_byte(cMSG_GLOBAL_REQUEST)
            message.add_string("keepalive@openssh.com")
            message.add_boolean(True)
            inner: Any = self
            with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
                inner._send_user_message(message)
            done.wait(timeout_s)
            return self.is_active() and self.packetizer.heard_at > asked_at

    def shut(self) -> None:
        """Close now: wake the reading thread and every waiting caller, leave no descriptor."""
        sock = self.sock
        if self._pid != os.getpid():
            sock.close()  # this process's copy only; a shutdown would end the parent's, too
            return
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.close()
        sock.close()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(2.0)


def _algorithms(pinned: str, prefer: str) -> tuple[str, ...]:
    """Only the pinned key's family, so that a server with several keys shows that one."""
    if family := KEY_FAMILIES.get(pinned.split(" ")[0]):
        return family
    first = KEY_FAMILIES.get(prefer.split(" ")[0], ())
    return first + tuple(name for name in SAFE_KEYS if name not in first)


def public_line(key: paramiko.PKey | None) -> str:
    """``"ssh-ed25519 AAAA…"``, the form in which keys are stored and compared."""
    return f"{key.get_name()} {key.get_base64()}" if key is not None else ""
