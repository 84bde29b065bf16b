"""Bells between processes of one machine: a folder in which every listener has a datagram socket.

A ring carries nothing and may get lost (unix(7): a full queue refuses it), so a listener still
looks by itself now and then. Files that nobody listens to any more are removed by whoever rings.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RING = b"\0"
_SUFFIX = ".sock"


class Bell:
    """``folder`` is created when it is missing, readable by nobody else."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def ring(self, *, skip: Collection[str] = ()) -> None:
        """Wake every listener except those named in ``skip``. Never blocks, never raises."""
        with suppress(OSError), _opened(self._folder) as folder:
            with os.scandir(folder) as entries:
                names = {e.name for e in entries if e.name.endswith(_SUFFIX)}
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                for name in names.difference(skip):
                    _ring_one(sender, folder, name)

    def listen(self) -> Listener:
        """Raises OSError when the folder or the socket cannot be made."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        return Listener(self._folder)


class Listener:
    """One socket in the folder. Close it; an abandoned one is closed with the process."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        self.path = folder / self.name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._close = weakref.finalize(self, _close, self._socket, self.path, os.getpid())
        with _opened(folder) as opened:
            self._socket.bind(_short(opened, self.name))

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> None:
        """Forget the rings so far. What they announced must be looked for after this."""
        with suppress(BlockingIOError):
            while self._socket.recv(16):
                pass

    def wait(self, *, timeout_s: float) -> bool:
        """Whether it rang within the time; a ring since the last wait counts."""
        rang = bool(select.select([self._socket], [], [], timeout_s)[0])
        self.drain()
        return rang

    def is_reachable(self) -> bool:
        """False when somebody removed the file: no ring can arrive any more."""
        return self.path.exists()

    def close(self) -> None:
        self._close()


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield opened
    finally:
        os.close(opened)


def _short(folder: int, name: str) -> str:
    """A socket's path may have 107 bytes (unix(7)); by way of /proc every folder's does."""
    return f"/proc/self/fd/{folder}/{name}"


def _ring_one(sender: socket.socket, folder: int, name: str) -> None:
    try:
        sender.sendto(_RING, _short(folder, name))
    except ConnectionRefusedError:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    except OSError:
        pass  # BlockingIOError: enough rings wait there already; else: gone, or no socket


def _close(listener: socket.socket, path: Path, owner: int) -> None:
    listener.close()
    if os.getpid() == owner:  # a forked child closes its copy and leaves the file alone
        with suppress(OSError):
            path.unlink()
