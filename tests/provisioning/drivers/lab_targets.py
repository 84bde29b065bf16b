"""Targets of the lab's hosts, and looks at what runs on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import Login, SshTarget
from tests.lab.command import wait_until
from tests.lab.host import Host


def target_of(host: Host, *, user: str = "", **changes: Any) -> SshTarget:
    """The way to a host as one of its users, by key, with its true host key."""
    login = host.logins[user] if user else host.login
    values: dict[str, Any] = {
        "name": host.name,
        "address": host.address,
        "port": host.port,
        "username": login.user,
        "login": Login("key", login.private_key),
        "host_key": host.host_public_key,
        "docker_socket": host.docker_socket,
    }
    return SshTarget(**(values | changes))


@contextmanager
def opened(host: Host, *, user: str = "", **changes: Any) -> Iterator[SshHost]:
    """A driver of its own, closed at the end."""
    driver = SshHost(target_of(host, user=user, **changes))
    try:
        yield driver
    finally:
        driver.close()


def running(host: Host, text: str) -> list[str]:
    """Command lines on the host, outside its containers, that hold this text."""
    lines = []
    for process in host.processes():
        try:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if text.encode() in line and process.alive():
            lines.append(line.decode(errors="replace"))
    return lines


def wait_gone(host: Host, text: str, *, timeout_s: float = 10.0) -> None:
    """Until nothing runs on the host whose command line holds this text."""
    what = f"{text} is gone from {host.name}"
    wait_until(lambda: not running(host, text), what=what, timeout_s=timeout_s)
