"""paramiko's packet reader, with limits on what an unknown server may make us read."""

from __future__ import annotations

import socket
import time

import paramiko
from paramiko.message import Message
from paramiko.packet import Packetizer

_MAX_GREETING_BYTES = 64 * 1024
_MAX_PACKET_BYTES = 1024 * 1024  # RFC 4253 asks for 35,000; OpenSSH sends at most 256 KiB


class Packets(Packetizer):
    """Reads packets; keeps what the server said first, and refuses absurd sizes."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.greeting = b""
        self.heard_at = time.monotonic()

    def start_handshake(self, timeout: float) -> None:
        """Nothing: paramiko would start a timer thread; the caller's deadline ends a handshake."""

    def _read_timeout(self, timeout: float) -> bytes:
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self.greeting += data
        if len(self.greeting) > _MAX_GREETING_BYTES:
            raise paramiko.SSHException("greeting too long")
        return data

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        if n > _MAX_PACKET_BYTES:
            raise paramiko.SSHException("packet too large")
        return super().read_all(n, check_rekey)

    def read_message(self) -> tuple[int, Message]:
        message = super().read_message()
        self.heard_at = time.monotonic()
        return message
