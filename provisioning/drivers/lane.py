"""paramiko's channel: requests that do not block, one event for its reader, bounded buffers."""

from __future__ import annotations

import signal
import threading
from typing import Any

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

_MAX_UNREAD_BYTES = 4 * 1024 * 1024  # twice the window we grant


class _Wake(threading.Event):
    """Set by either buffer of a channel; only the reader may clear it, by ``rest``."""

    def clear(self) -> None:
        """Nothing: a buffer clears it when empty, although the other one may hold data."""

    def rest(self) -> None:
        super().clear()


class Lane(paramiko.Channel):
    """One channel. ``wake`` is set whenever data, an exit status or the end arrives."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.wake = _Wake()
        self._ended = False
        self.in_buffer.set_event(self.wake)
        self.in_stderr_buffer.set_event(self.wake)

    def request(self, kind: str, *fields: str | bytes | int, answered: bool = True) -> None:
        """Send an ``exec``, ``subsystem`` or other request without waiting for the answer.

        The answer comes before any output, so waiting would only cost a round trip; and
        paramiko's own wait has no time-out.
        """
        inner: Any = self
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(inner.remote_chanid)
        message.add_string(kind)
        message.add_boolean(answered)
        for value in fields:
            message.add_int(value) if isinstance(value, int) else message.add_string(value)
        if answered:
            inner._event_pending()
        inner.transport._send_user_message(message)

    @property
    def accepted(self) -> bool:
        """Whether the server accepted the last request."""
        return bool(self.event_ready)

    def exited(self) -> bool:
        """Whether the server told of the command's end; a broken connection is none."""
        return self._ended

    def _handle_request(self, m: Message) -> None:
        start = m.packet.tell()
        kind = m.get_text()
        ended_by = _signal_number(m) if kind == "exit-signal" else 0
        m.packet.seek(start)
        super()._handle_request(m)  # type: ignore[misc]
        if ended_by:
            self.exit_status = 128 + ended_by  # as a shell counts
        if kind in ("exit-status", "exit-signal"):
            self._ended = True
            self.status_event.set()
        self.wake.set()

    def _request_success(self, m: Message) -> None:
        super()._request_success(m)  # type: ignore[misc]
        self.wake.set()

    def _feed(self, m: Message | bytes) -> None:
        if len(self.in_buffer) > _MAX_UNREAD_BYTES:
            raise paramiko.SSHException("the server ignores the window")
        super()._feed(m)  # type: ignore[misc]

    def _feed_extended(self, m: Message) -> None:
        if len(self.in_stderr_buffer) > _MAX_UNREAD_BYTES:
            raise paramiko.SSHException("the server ignores the window")
        super()._feed_extended(m)  # type: ignore[misc]


def _signal_number(m: Message) -> int:
    """The signal of an ``exit-signal`` request (RFC 4254, section 6.10), SIGTERM if unknown."""
    m.get_boolean()
    name = m.get_text()
    return getattr(signal, f"SIG{name}", signal.SIGTERM) if name.isalnum() else signal.SIGTERM
