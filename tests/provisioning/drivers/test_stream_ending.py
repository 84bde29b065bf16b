from __future__ import annotations

import pytest

from provisioning.drivers.stream_ending import NoDockerCommand, ending

# As docker 20.10 to 28, sudo 1.9 and the shells of Debian and Alpine write them.
DENIED = (
    "permission denied while trying to connect to the Docker daemon socket at "
    "unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied"
)
ENDINGS = [
    (0, "", None),
    (127, "sh: 1: exec: docker: not found\n", "docker_missing"),
    (127, "sh: exec: line 0: docker: not found", "docker_missing"),
    (127, "", "docker_missing"),
    (1, "sudo: docker: command not found", "docker_missing"),
    (1, "sudo: a password is required\n", "sudo_refused"),
    (1, "sudo: a terminal is required to read the password", "sudo_refused"),
    (1, "Sorry, user ops is not allowed to execute '/usr/bin/docker' as root", "sudo_refused"),
    (1, "guest is not in the sudoers file.\n", "sudo_refused"),
    (127, "sh: 1: exec: sudo: not found", "sudo_refused"),
    (1, DENIED, "docker_denied"),
    (1, "error: dial unix /run/d.sock: connect: permission denied", "docker_denied"),
    (1, "Cannot connect to the Docker daemon at unix:///x. Is it running?", "docker_down"),
    (1, "failed to open: dial unix /x: connect: no such file or directory", "docker_down"),
    (1, "dial unix /x: connect: connection refused", "docker_down"),
    (1, "docker: 'system' is not a docker command.", "docker_missing"),
    (125, "Error: unrecognized command `podman system dial-stdio`", "docker_missing"),
    (1, "something else", "docker_error"),
]


@pytest.mark.parametrize(("exit_code", "stderr", "code"), ENDINGS)
def test_what_an_ending_means(exit_code: int, stderr: str, code: str | None) -> None:
    error = ending("web1", exit_code, stderr.encode())
    assert (error and error.code) == code
    assert isinstance(error, NoDockerCommand) == (code == "docker_missing")


def test_the_hosts_words_are_shortened() -> None:
    error = ending("web1", 1, b"\x1b[31mbad " + b"x" * 5000)
    assert error is not None
    assert len(error.message) < 400
    assert "\x1b" not in error.message
