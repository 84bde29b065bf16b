"""What the end of a stream to Docker means, from the exit code and words of the docker command."""

from __future__ import annotations

import re
from typing import Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable

SUDO_REFUSAL: Final = re.compile(
    r"^sudo: .*(password|terminal|tty)|not in the sudoers|not allowed to (execute|run)|"
    r"may not run sudo|sudo: (command )?not found",
    re.MULTILINE,
)
# The first that is found decides. The words are those of the docker command (20.10 to 28) in C.
_MEANINGS: Final = (
    (SUDO_REFUSAL, "sudo_refused", "sudo is refused"),
    (re.compile(r"docker: (command )?not found"), "docker_missing", "no docker command"),
    (
        re.compile(
            r"is not a docker command|unknown (command|shorthand flag)|unrecognized command"
        ),
        "docker_missing",
        "the docker command is too old or not Docker's",
    ),
    (
        re.compile(r"permission denied while trying to connect|dial unix \S+ connect: permission"),
        "docker_denied",
        "no permission on Docker's socket",
    ),
    (
        re.compile(r"Cannot connect to the Docker daemon|no such file or directory|refused"),
        "docker_down",
        "Docker does not run",
    ),
)


class NoDockerCommand(DriverError):
    """The host has no usable docker command; nothing reached Docker, so another way may do."""


def ending(who: str, exit_code: int, stderr: bytes) -> DriverError | None:
    """The reason the remote ``docker system dial-stdio`` gave; None when it just ended."""
    said = printable(stderr, limit=300)
    text = stderr.decode("utf-8", "replace")
    for pattern, code, meaning in _MEANINGS:
        if pattern.search(text):
            kind = NoDockerCommand if code == "docker_missing" else DriverError
            return kind(f"{who}: {meaning}: {said}", code)
    if exit_code == 127:
        return NoDockerCommand(f"{who}: no docker command: {said}", "docker_missing")
    if exit_code > 0:
        return DriverError(f"{who}: the docker command failed: {said}", "docker_error")
    return None
