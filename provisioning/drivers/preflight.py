"""The way to a host, tried step by step, with a verdict for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from provisioning.drivers.compose_version import find_compose
from provisioning.drivers.disks import df_argv, parse_df
from provisioning.drivers.errors import ADVICE, DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.hostile import printable
from provisioning.drivers.hostkeys import key_of
from provisioning.drivers.keys import fingerprint
from provisioning.drivers.local import LocalHost
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import LocalTarget, SshTarget, Target

DISK_WARNING_PERCENT = 85
DISK_FAILED_PERCENT = 97

Verdict = Literal["ok", "warning", "failed", "skipped"]

# Arrives unchanged through any POSIX login shell; others (fish, csh) treat some of it differently.
_NASTY = "a 'b' \"c\" $HOME `id` \\n !! ü\n😀 ;&|"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: reach, key, login, shell, sudo, docker, compose or disk.

    ``code`` and ``advice`` are DriverError's; empty when all is well.
    """

    name: str
    verdict: Verdict
    message: str
    code: str = ""
    advice: str = ""
    duration_ms: int = 0


class _Warning(Exception):
    """Works, but somebody should look at it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Connecting(HostDriver, Protocol):
    """A driver that can be told to connect now."""

    def connect(self) -> None: ...


def preflight(
    target: Target,
    *,
    offered: Callable[[SshTarget], str] | None = None,
    driver: Callable[[Target], Connecting] | None = None,
) -> Iterator[Step]:
    """Try each step and yield its verdict as soon as it is known; never raises DriverError.

    Steps that make no sense after a failed one are "skipped". The login is tried on a new
    connection, and only after the host key was found to be the pinned one. ``offered`` and
    ``driver`` stand in for the network in tests.
    """
    walk = _Walk(target, offered or key_of, driver or _driver)
    try:
        yield from walk.steps()
    finally:
        walk.close()


def _driver(target: Target) -> Connecting:
    return LocalHost(target) if isinstance(target, LocalTarget) else SshHost(target)


class _Walk:
    """The state between the steps: what was shown, what is open, what made the rest pointless."""

    def __init__(
        self,
        target: Target,
        offered: Callable[[SshTarget], str],
        driver: Callable[[Target], Connecting],
    ) -> None:
        self._target = target
        self._offered = offered
        self._driver = driver
        self._shown = ""
        self._host: Connecting | None = None
        self._docker_root = ""
        self._blocked_by = ""

    def steps(self) -> Iterator[Step]:
        yield self._try("reach", self._reach, blocks=True)
        yield self._try("key", self._key, blocks=True)
        yield self._try("login", self._login, blocks=True)
        yield self._try("shell", self._shell, blocks=True)
        if isinstance(self._target, SshTarget) and self._target.sudo:
            yield self._try("sudo", self._sudo, blocks=True)
        docker = self._try("docker", self._docker, blocks=False)
        yield docker
        if docker.verdict in ("failed", "skipped"):
            yield self._skipped("compose", self._blocked_by or "docker")
        else:
            yield self._try("compose", self._compose, blocks=False)
        yield self._try("disk", self._disk, blocks=False)

    def _try(self, name: str, look: Callable[[], str], *, blocks: bool) -> Step:
        if self._blocked_by:
            return self._skipped(name, self._blocked_by)
        started = time.monotonic()
        verdict: Verdict = "ok"
        code = ""
        try:
            message = look()
        except _Warning as warning:
            verdict, message, code = "warning", warning.message, warning.code
        except DriverError as error:
            verdict, message, code = "failed", error.message, error.code
            self._blocked_by = name if blocks else ""
        duration_ms = round((time.monotonic() - started) * 1000)
        return Step(name, verdict, message, code, ADVICE[code] if code else "", duration_ms)

    def _skipped(self, name: str, because_of: str) -> Step:
        return Step(name, "skipped", f"not tried, because {because_of} failed")

    def _reach(self) -> str:
        if isinstance(self._target, LocalTarget):
            return "this machine"
        self._shown = self._offered(self._target)
        return f"an SSH server answers at {self._target.address}, port {self._target.port}"

    def _key(self) -> str:
        if isinstance(self._target, LocalTarget):
            return "not needed on this machine"
        shown, pinned = fingerprint(self._shown), self._target.host_key
        if not pinned:
            message = f"{self._target.name} shows {shown}, which is not approved yet"
            raise DriverError(message, "host_key_unknown")
        if self._shown.split()[:2] != pinned.split()[:2]:
            message = f"{self._target.name} shows {shown}, but {fingerprint(pinned)} is approved"
            raise DriverError(message, "host_key_changed")
        return f"{shown} is the approved key"

    def _login(self) -> str:
        self._host = self._driver(self._target)
        self._host.connect()
        if isinstance(self._target, LocalTarget):
            return "not needed on this machine"
        way = "key" if self._target.login.kind == "key" else "password"
        return f"logged in as {self._target.username} by {way}"

    def _shell(self) -> str:
        result = self._open_host().run(("printf", "%s", _NASTY))
        if result.exit_code or result.stdout != _NASTY:
            message = f"{self._target.name}: the login shell changes what commands are given"
            raise DriverError(message, "no_shell")
        return "commands run and arrive unchanged"

    def _sudo(self) -> str:
        self._open_host().run(("docker", "--version"), sudo=True)
        return "sudo asks for no password"

    def _docker(self) -> str:
        docker = self._open_host().docker
        version = docker.version()
        self._docker_root = str(docker.info().get("DockerRootDir") or "")
        engine = printable(str(version.get("Version")), limit=50)
        return f"Docker Engine {engine}, API {printable(str(version.get('ApiVersion')), limit=20)}"

    def _compose(self) -> str:
        found = find_compose(self._open_host())
        if found is None:
            raise _Warning(f"{self._target.name}: Docker Compose is missing", "compose_missing")
        if found.old:
            raise _Warning(f"{self._target.name}: Docker Compose {found.version}", "compose_old")
        return f"Docker Compose {found.version}"

    def _disk(self) -> str:
        paths = ("/", self._docker_root) if self._docker_root.startswith("/") else ("/",)
        disks = parse_df(self._open_host().run(df_argv(*paths)).stdout)
        if not disks:
            raise DriverError(f"{self._target.name}: df shows no disk", "garbage")
        fullest = max(disks, key=lambda disk: disk.used_percent)
        message = f"{fullest.mount} is {fullest.used_percent:.0f} % full"
        if fullest.used_percent > DISK_FAILED_PERCENT:
            raise DriverError(f"{self._target.name}: {message}", "disk_full")
        if fullest.used_percent > DISK_WARNING_PERCENT:
            raise _Warning(f"{self._target.name}: {message}", "disk_full")
        return message

    def _open_host(self) -> HostDriver:
        if self._host is None:
            raise RuntimeError("the login comes first")
        return self._host

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
