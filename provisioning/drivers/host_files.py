"""Files of a host, as root of it where asked for: by scripts over any driver, data by stdin.

SFTP could not do that: it has no sudo, and this machine has none.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.drivers import file_scripts
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.hostile import printable

MAX_FILES: Final = 5000
_MAX_LISTING_BYTES: Final = 4_000_000
_FACT: Final = re.compile(r"([0-7]{1,5}) (\d{1,18}) ([0-9a-f]{64}) \./(.+)", re.DOTALL)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# The first that is found decides. dash and BusyBox have words of their own.
_MEANINGS: Final = (
    (re.compile(r"No space left|Disk quota exceeded|File too large"), "disk_full"),
    (re.compile(r"Permission denied|not permitted|Read-only file system"), "permission_denied"),
    (re.compile(r"[Nn]o such file|nonexistent|Not a directory"), "not_found"),
)
_EXITS: Final = {
    file_scripts.NOT_A_FILE: ("it is not a regular file", "conflict"),
    file_scripts.CUT_SHORT: ("not all of it arrived", "link_lost"),
    file_scripts.IN_THE_WAY: ("something else is there already", "conflict"),
    file_scripts.OUTSIDE: ("a link leads out of its folder", "conflict"),
    file_scripts.MOUNTED: ("something is mounted below it", "conflict"),
}


@dataclass(frozen=True, slots=True)
class FileFact:
    """A regular file. ``mode`` is the lower twelve bits."""

    sha256: str
    size: int
    mode: int


def read(
    host: HostDriver, path: str, *, sudo: bool = False, max_bytes: int = 1_000_000, below: str = ""
) -> bytes | None:
    """The whole file; None where there is none.

    With ``below``, what links lead out of that folder is ``conflict``. DriverError
    ``output_too_large`` when it is longer than ``max_bytes``, ``permission_denied``, ``conflict``
    for a folder or device.
    """
    room = max_bytes * 3 // 2 + 10_000
    args = (checked_path(path), str(max_bytes + 1), below and checked_path(below))
    argv = ("/bin/sh", "-c", file_scripts.READ, "sh", *args)
    try:
        result = succeeded(host, f"reading {path}", host.run(argv, sudo=sudo, max_bytes=room))
    except DriverError as error:
        if error.code == "not_found":
            return None
        raise
    data = _decoded(host, path, result)
    if len(data) > max_bytes:
        message = f"{host.name}: {printable(path)} is longer than {max_bytes} bytes"
        raise DriverError(message, "output_too_large")
    return data


def read_end(host: HostDriver, path: str, *, max_bytes: int, sudo: bool = False) -> bytes:
    """The last bytes of a file that may be long; nothing where there is none."""
    argv = ("/bin/sh", "-c", file_scripts.READ_END, "sh", checked_path(path), str(max_bytes))
    result = host.run(argv, sudo=sudo, max_bytes=max_bytes * 3 // 2 + 10_000)
    return _decoded(host, path, succeeded(host, f"reading {path}", result))


def write(
    host: HostDriver,
    path: str,
    data: bytes,
    *,
    mode: int,
    sudo: bool = False,
    below: str = "",
    timeout_s: float | None = None,
) -> None:
    """The file appears at ``path`` whole, on disk and with its mode, or is left as it was.

    A file that is replaced keeps its owner where we are root; a link is replaced, not followed.
    What a write that was broken off left beside it is removed by the next one. ``below`` as in
    `read`. DriverError ``disk_full``, ``permission_denied``, ``not_found`` (no such folder).
    """
    folder, _, name = checked_path(path).rpartition("/")
    beside = f"{folder}/.{_cut(name)}."
    part = f"{beside}{secrets.token_hex(8)}.part"
    args = (path, part, f"{mode:o}", str(len(data)), beside, below and checked_path(below))
    argv = ("/bin/sh", "-c", file_scripts.WRITE, "sh", *args)
    result = host.run(argv, stdin=data, sudo=sudo, timeout_s=timeout_s)
    succeeded(host, f"writing {path}", result)


def make_folder(host: HostDriver, path: str, *, mode: int, sudo: bool = False) -> bool:
    """True if it was made; one that is there already is left as it is. Parents get 0755."""
    argv = ("/bin/sh", "-c", file_scripts.MAKE_FOLDER, "sh", checked_path(path), f"{mode:o}")
    return "made" in succeeded(host, f"making {path}", host.run(argv, sudo=sudo)).stdout


def listing(
    host: HostDriver,
    folder: str,
    *,
    sudo: bool = False,
    leave_out: Sequence[str] = (),
    timeout_s: float | None = None,
) -> dict[str, FileFact]:
    """Every regular file below the folder by its relative path, at most 5,000 of them.

    ``leave_out`` are folders directly in it that are not looked into (``data``); links are not
    followed, other file systems not entered. DriverError ``not_found``, ``output_too_large``.
    """
    if not all(_PLAIN_NAME.fullmatch(name) for name in leave_out):
        # find takes it for a pattern
        raise DriverError(f"{host.name}: not a plain name to leave out", "bad_argument")
    skipped = tuple(word for name in leave_out for word in ("-path", f"./{name}", "-prune", "-o"))
    argv = ("/bin/sh", "-c", file_scripts.LISTING, "sh", checked_path(folder), *skipped)
    result = host.run(argv, sudo=sudo, max_bytes=_MAX_LISTING_BYTES, timeout_s=timeout_s)
    return _facts(host, folder, succeeded(host, f"listing {folder}", result))


def exists(host: HostDriver, path: str, *, sudo: bool = False) -> bool:
    """Whether there is anything at all, a dangling link included."""
    argv = ("/bin/sh", "-c", file_scripts.EXISTS, "sh", checked_path(path))
    try:
        succeeded(host, f"looking at {path}", host.run(argv, sudo=sudo))
    except DriverError as error:
        if error.code == "not_found":
            return False
        raise
    return True


def leading_out(
    host: HostDriver, folder: str, paths: Sequence[str], *, sudo: bool = False
) -> list[str]:
    """Those of the paths below a folder that a link leads out of it, as it is now."""
    asked = [path for path in paths if path.startswith(f"{folder}/")]
    if not asked:
        return []
    argv = ("/bin/sh", "-c", file_scripts.LEADS_OUT, "sh", *map(checked_path, (folder, *asked)))
    told = succeeded(host, f"following links in {folder}", host.run(argv, sudo=sudo)).stdout.split()
    numbers = {int(one) for one in told if one.isascii() and one.isdecimal()}
    return [path for number, path in enumerate(asked) if number in numbers]


def move(host: HostDriver, old: str, new: str, *, sudo: bool = False) -> None:
    """Rename; ``conflict`` when something is at ``new`` already. At once within a file system."""
    argv = ("/bin/sh", "-c", file_scripts.MOVE, "sh", checked_path(old), checked_path(new))
    succeeded(host, f"moving {old} to {new}", host.run(argv, sudo=sudo))


def remove_if_empty(host: HostDriver, folder: str, *, sudo: bool = False) -> None:
    """A folder that was only made to hold others; one that holds something stays."""
    argv = ("/bin/sh", "-c", file_scripts.REMOVE_IF_EMPTY, "sh", checked_path(folder))
    succeeded(host, f"removing {folder}", host.run(argv, sudo=sudo))


def remove_tree(
    host: HostDriver, path: str, *, below: str, sudo: bool = False, timeout_s: float | None = None
) -> bool:
    """Remove a file or folder and all in it; links are removed, never followed.

    False if nothing was there. DriverError ``bad_argument`` unless it lies strictly below
    ``below``; ``conflict`` when links lead out of that or something is mounted in it.
    """
    if not checked_path(path).startswith(f"{checked_path(below)}/"):
        shown = f"{printable(path, limit=200)} is not below {printable(below, limit=200)}"
        raise DriverError(f"{host.name}: {shown}", "bad_argument")
    if not exists(host, path, sudo=sudo):
        return False
    argv = ("/bin/sh", "-c", file_scripts.REMOVE_TREE, "sh", path, below)
    succeeded(host, f"removing {path}", host.run(argv, sudo=sudo, timeout_s=timeout_s))
    return True


def checked_path(path: str) -> str:
    """An absolute path that says where it leads: without ``..``, ``.`` and empty parts."""
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or {"", ".", ".."} & set(parts[1:]):
        raise DriverError(
            f"not a plain absolute path: {printable(path, limit=200)}", "bad_argument"
        )
    return path


def _cut(name: str) -> str:
    """At most 100 bytes of it, for a longer one beside it; file systems take 255."""
    return name.encode("utf-8", "surrogateescape")[:100].decode("utf-8", "ignore")


def succeeded(host: HostDriver, what: str, result: Result) -> Result:
    if result.exit_code == 0:
        return result
    words, code = _EXITS.get(result.exit_code, ("", ""))
    if not code:
        words = printable(result.stderr[-1000:], limit=300) or f"exit code {result.exit_code}"
        found = (code for pattern, code in _MEANINGS if pattern.search(result.stderr))
        code = next(found, "command_failed")
    raise DriverError(f"{host.name}: {printable(what, limit=300)} failed: {words}", code)


def _decoded(host: HostDriver, path: str, result: Result) -> bytes:
    try:
        return base64.b64decode("".join(result.stdout.split()), validate=True)
    except (binascii.Error, ValueError):
        message = f"{host.name}: {printable(path)} did not arrive readable"
        raise DriverError(message, "garbage") from None


def _facts(host: HostDriver, folder: str, result: Result) -> dict[str, FileFact]:
    rows = result.stdout.split("\0")[:-1]
    if result.truncated or len(rows) > MAX_FILES:
        message = f"{host.name}: {printable(folder)} holds too many files"
        raise DriverError(message, "output_too_large")
    found = [_FACT.fullmatch(row) for row in rows]
    if None in found:
        raise DriverError(f"{host.name}: the list of {printable(folder)} is unreadable", "garbage")
    return {row[4]: FileFact(row[3], int(row[2]), int(row[1], 8)) for row in found if row}
