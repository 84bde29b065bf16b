"""From a host's row to what a driver needs to reach it."""

from __future__ import annotations

from provisioning.drivers.errors import DriverError
from provisioning.drivers.target import LocalTarget, Login, SshTarget, Target
from sites.models import Host

MAX_JUMPS = 3


def target_of(host: Host) -> Target:
    """The way in. Raises DriverError while the host's key is not approved or has changed."""
    if host.connection == Host.Connection.LOCAL:
        return LocalTarget(
            name=host.name,
            docker_socket=host.docker_socket,
            command_timeout_s=host.command_timeout_s,
        )
    return _ssh(host, jumps=0)


def unproven_target(host: Host) -> Target:
    """The same for a test of the way in, which itself compares the host key before it logs in."""
    return target_of(host) if host.connection == Host.Connection.LOCAL else _made(host, jumps=0)


def _ssh(host: Host, *, jumps: int) -> SshTarget:
    if host.connection != Host.Connection.SSH:
        raise DriverError(
            f"{host.name} is not reached by SSH, so nothing can jump from it.", "refused"
        )
    if host.is_pending:
        raise DriverError(f"{host.name} is still being set up.", "setup_pending")
    if jumps > MAX_JUMPS:
        raise DriverError(f"{host.name}: more than {MAX_JUMPS} jump hosts in a row.", "unreachable")
    _key_is_trusted(host)
    return _made(host, jumps=jumps)


def _made(host: Host, *, jumps: int) -> SshTarget:
    return SshTarget(
        name=host.name,
        address=host.address,
        port=host.port,
        username=host.username,
        login=_login(host),
        host_key=host.host_key,
        sudo=host.sudo,
        docker_socket=host.docker_socket,
        via=_ssh(host.via, jumps=jumps + 1) if host.via else None,
        connect_timeout_s=host.connect_timeout_s,
        command_timeout_s=host.command_timeout_s,
    )


def _key_is_trusted(host: Host) -> None:
    if not host.host_key:
        raise DriverError(f"The host key of {host.name} is not approved yet.", "host_key_unknown")
    if host.state == Host.State.KEY_CHANGED:
        raise DriverError(
            f"{host.name} shows another host key than the approved one; nothing is sent to it.",
            "host_key_changed",
        )


def _login(host: Host) -> Login:
    if host.credential is None:
        raise DriverError(f"{host.name} has no key or password to log in with.", "bad_credential")
    secret = host.credential.reveal()
    if host.credential.kind == host.credential.Kind.KEY:
        return Login(kind="key", secret=secret)
    return Login(kind="password", secret=secret)
