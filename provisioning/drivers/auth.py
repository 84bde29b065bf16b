"""Logging in on a connection whose host key has been checked: one method, one attempt."""

from __future__ import annotations

import paramiko

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.keys import paramiko_key
from provisioning.drivers.link import Link
from provisioning.drivers.target import Login


def log_in(link: Link, *, who: str, username: str, login: Login, deadline: Deadline) -> None:
    """Log in by key or by password as the credential says; never by agent or by questions.

    DriverError: bad_credential, login_refused, incompatible, timeout or link_lost.
    """
    link.auth_timeout = deadline.left()
    try:
        wanted = _attempt(link, username, login)
    except DriverError as error:
        raise DriverError(f"{who}: {error.message}", error.code) from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _failure(link, error, who=who, username=username, deadline=deadline) from None
    if wanted:
        methods = printable(", ".join(wanted), limit=100)
        raise DriverError(f"{who}: a second proof is asked for: {methods}", "login_refused")


def _attempt(link: Link, username: str, login: Login) -> list[str]:
    if login.kind == "password":
        wanted = link.auth_password(username, login.secret, fallback=False)
    else:
        wanted = link.auth_publickey(username, paramiko_key(login.secret))
    if link.auth_handler is not None:
        link.auth_handler.password = None
        link.auth_handler.private_key = None
    return wanted


def _failure(
    link: Link, error: Exception, *, who: str, username: str, deadline: Deadline
) -> DriverError:
    user = printable(username, limit=64)
    if isinstance(error, paramiko.BadAuthenticationType):
        methods = printable(", ".join(error.allowed_types), limit=100)
        message = f"{who}: {user} cannot log in this way; the server takes: {methods}"
        return DriverError(message, "login_refused")
    if link.farewell:
        said = printable(link.farewell, limit=200)
        return DriverError(f"{who}: login of {user} refused: {said}", "login_refused")
    if deadline.passed() or "timeout" in str(error).lower():
        return DriverError(f"{who}: the login got no answer in time", "timeout")
    if not link.is_active() or isinstance(error, EOFError | OSError):
        return DriverError(f"{who}: the connection broke during the login", "link_lost")
    if isinstance(error, paramiko.AuthenticationException):
        return DriverError(f"{who}: login of {user} refused", "login_refused")
    said = printable(str(error), limit=200)
    return DriverError(f"{who}: the login failed: {said}", "incompatible")
