"""How a command travels: one place where argv becomes text, and the mark that begins its output."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from provisioning.drivers.errors import DriverError

# Linux gives a single argument, which the login shell's -c text is, at most 128 KiB.
MAX_COMMAND_BYTES = 120_000

# Runs on the host in place of the login shell. The mark tells apart what the shell's start-up
# files print from what the command prints, proves that a shell runs at all, and carries the
# process group to end if the command outlives its deadline. LC_ALL=C keeps messages readable.
_WRAPPER = 'export LC_ALL=C; printf "\\036%s\\n" "$$"; exec "$@"'
_MARK = re.compile(rb"\x1e([0-9]{1,10})\r?\n")  # \r: of a terminal
_MAX_NOISE_BYTES = 64 * 1024

# Ends a process group: first politely, then for certain. $1 is the group. This form of kill is
# the only one that dash, bash and BusyBox all take.
_END_GROUP = (
    'kill -TERM "-$1" || exit 0; n=0; '
    'while [ "$n" -lt 20 ]; do kill -0 "-$1" || exit 0; sleep 0.1 || sleep 1; n=$((n+1)); '
    'done; kill -KILL "-$1"'
)


def command_line(argv: Sequence[str], *, sudo: bool = False) -> bytes:
    """The text sshd hands to the login shell; each element of argv arrives byte for byte.

    DriverError ``bad_argument`` for a NUL byte, no command's name, or more than 120,000 bytes.
    """
    words = ("sudo", "-n", "--", *argv) if sudo else tuple(argv)
    text = shlex.join(("exec", "/bin/sh", "-c", _WRAPPER, "sh", *words))
    try:
        line = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise DriverError("the command holds a broken character", "bad_argument") from None
    if not argv or argv[0].startswith("-") or b"\0" in line:
        raise DriverError("the command has no name or holds a NUL byte", "bad_argument")
    if len(line) > MAX_COMMAND_BYTES:
        raise DriverError("the command is too long; send the data by stdin", "bad_argument")
    return line


def end_group_argv(process_group: int) -> tuple[str, ...]:
    """Ends every process of the group within about two seconds. Never 0 or 1: that is everybody."""
    if process_group < 2:
        raise ValueError("not a process group of a command")
    return ("/bin/sh", "-c", _END_GROUP, "sh", str(process_group))


class Preamble:
    """Takes away what comes before the mark; ``process_group`` is 0 until it was seen."""

    def __init__(self) -> None:
        self.process_group = 0
        self.noise = b""

    def feed(self, data: bytes) -> bytes:
        """The part of ``data`` that the command itself wrote."""
        if self.process_group:
            return data
        self.noise += data
        found = _MARK.search(self.noise)
        if found is None:
            self.noise = self.noise[-_MAX_NOISE_BYTES:]
            return b""
        self.process_group = int(found[1])
        rest = self.noise[found.end() :]
        self.noise = self.noise[: found.start()]
        return rest
