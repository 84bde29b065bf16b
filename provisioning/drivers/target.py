"""Where a host is and how to get in: plain values, made from a row by the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DEFAULT_DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Login:
    """How a user proves who it is. The secret never appears in ``repr``."""

    kind: Literal["key", "password"]
    secret: str = field(repr=False)  # OpenSSH private key text without passphrase, or the password


@dataclass(frozen=True, slots=True)
class SshTarget:
    """A host reached over SSH.

    ``host_key`` is the one approved public key (``"ssh-ed25519 AAAA…"``); without it nothing but
    the server's key exchange ever takes place. Time-outs are in seconds.
    """

    name: str
    address: str
    port: int
    username: str
    login: Login
    host_key: str
    sudo: bool = False
    docker_socket: str = DEFAULT_DOCKER_SOCKET
    via: SshTarget | None = None
    connect_timeout_s: float = 10.0
    command_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """The machine SiteFlow itself runs on, through its Docker socket."""

    name: str
    docker_socket: str = DEFAULT_DOCKER_SOCKET
    command_timeout_s: float = 30.0


Target = SshTarget | LocalTarget
