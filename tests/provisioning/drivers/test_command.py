from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.command import Preamble, command_line, end_group_argv
from provisioning.drivers.errors import DriverError
from tests.lab.command import wait_until

NASTY = (
    "",
    " ",
    "a b",
    "it's",
    'say "hi"',
    "$(touch /tmp/canary)",
    "`id`",
    "${HOME}",
    "a\nb\r\tc",
    "-n",
    "--",
    "\\",
    "\\n",
    "*",
    "~",
    "!!",
    "a;b|c&d>e<f",
    "#",
    "ü😀",
    '{"json": [1, 2]}',
    "p@ss'w\"o$rd #1",
)
# A login shell of the host; the wrapper runs the host's /bin/sh after it.
SHELLS = (("bash", "-c"), ("dash", "-c"), ("busybox", "sh", "-c"))


def run(line: bytes, *shell: str) -> bytes:
    """What the command itself writes, when a login shell is given this text."""
    done = subprocess.run([*shell, line], capture_output=True, check=False, timeout=20)
    preamble = Preamble()
    output = preamble.feed(done.stdout)
    assert preamble.process_group > 1
    return output


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_arguments_arrive_byte_for_byte(shell: tuple[str, ...]) -> None:
    assert shutil.which(shell[0])
    line = command_line(("printf", "%s\\0", *NASTY))
    assert run(line, *shell).split(b"\0")[:-1] == [word.encode() for word in NASTY]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_any_argument_arrives(words: list[str]) -> None:
    line = command_line(("printf", "%s\\0", "begin", *words))
    assert run(line, "dash", "-c").split(b"\0")[1:-1] == [word.encode() for word in words]


def test_bytes_that_are_no_text_arrive() -> None:
    word = b"\xff\xfe/latin-\xe9".decode("utf-8", "surrogateescape")
    assert run(command_line(("printf", "%s", word)), "dash", "-c") == b"\xff\xfe/latin-\xe9"


def test_sudo_never_asks() -> None:
    assert command_line(("true",), sudo=True).endswith(b" sh sudo -n -- true")


@pytest.mark.parametrize("argv", [(), ("-x",), ("a\0b",), ("echo", "x" * 120_001), ("\ud800",)])
def test_what_cannot_be_passed_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(DriverError) as caught:
        command_line(argv)
    assert caught.value.code == "bad_argument"


def test_noise_of_the_login_shell_is_taken_away() -> None:
    preamble = Preamble()
    pieces = [b"Welcome!\n\x1e", b"12", b"34\nout", b"put\x1e5\n"]
    assert b"".join(preamble.feed(piece) for piece in pieces) == b"output\x1e5\n"
    assert preamble.process_group == 1234
    assert preamble.noise == b"Welcome!\n"


def test_endless_noise_is_not_kept() -> None:
    preamble = Preamble()
    for _ in range(100):
        assert preamble.feed(b"x" * 10_000) == b""
    assert len(preamble.noise) <= 64 * 1024


@pytest.mark.parametrize("group", [-1, 0, 1])
def test_never_ends_everybody(group: int) -> None:
    with pytest.raises(ValueError, match="process group"):
        end_group_argv(group)


@pytest.mark.parametrize("shell", [(), ("busybox",)], ids=["sh", "busybox"])
def test_ends_a_whole_group_that_ignores_sigterm(shell: tuple[str, ...]) -> None:
    script = "trap '' TERM; sleep 301 & sleep 301; sleep 301"
    victim = subprocess.Popen(["sh", "-c", script], start_new_session=True)
    argv = end_group_argv(victim.pid)
    ender = [*shell, "sh", *argv[1:]] if shell else list(argv)
    subprocess.run(ender, check=False, timeout=20, stderr=subprocess.DEVNULL)
    victim.wait(5)
    members = ["pgrep", "-g", str(victim.pid)]
    wait_until(lambda: subprocess.run(members, check=False).returncode == 1, what="group is gone")
