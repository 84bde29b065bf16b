"""Whole files over SFTP: written beside their place and then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import secrets
import stat
from collections.abc import Callable, Iterator

import paramiko

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.lane import Lane

_CHUNK = 32 * 1024  # SFTP 3 servers may refuse larger requests

_CODES = {errno.ENOENT: "not_found", errno.EACCES: "permission_denied"}


class Files:
    """One SFTP session on one channel."""

    def __init__(self, lane: Lane, *, who: str, deadline: Deadline) -> None:
        self._lane = lane
        self._who = who
        self._deadline = deadline
        with self._translated("starting SFTP"):
            lane.request("subsystem", "sftp")
            self._client = paramiko.SFTPClient(lane)

    def write(self, path: str, data: bytes, *, mode: int) -> None:
        """The file appears at ``path`` complete and with its mode, or not at all."""
        self._check(path)
        part = _beside(path)
        with self._translated(f"writing {path}"):
            try:
                self._write_part(part, data, mode)
                self._client.posix_rename(part, path)
            except BaseException:
                with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                    self._client.remove(part)
                raise

    def edit(self, path: str, change: Callable[[bytes], bytes], *, max_bytes: int) -> bool:
        """A file below the home made to hold what ``change`` says; False if it did already.

        ``path`` is relative. The file keeps its mode and owner, what it is a link to is what is
        edited, and folder and file are made (0700, 0600) where there are none. DriverError
        ``permission_denied`` also for a file that could only be replaced, not written, and
        ``conflict`` when somebody else changed it meanwhile.
        """
        with self._translated(f"editing {path}"):
            home = self._client.normalize(".")
            old = self._stat(f"{home}/{path}")
            if old is None:
                self._make_folder(f"{home}/{path}".rpartition("/")[0])
            whole = self._client.normalize(f"{home}/{path}") if old else f"{home}/{path}"
        data = self.read(whole, max_bytes=max_bytes) if old else b""
        wanted = change(data)
        if wanted == data:
            return False
        with self._translated(f"editing {path}"):
            self._replace(whole, data, wanted, old)
        return True

    def _replace(
        self, path: str, data: bytes, wanted: bytes, old: paramiko.SFTPAttributes | None
    ) -> None:
        part = _beside(path)
        try:
            if old:
                self._client.open(path, "r+b").close()  # who may not write it may not replace it
            self._write_part(part, wanted, stat.S_IMODE(old.st_mode or 0o600) if old else 0o600)
            self._give_to(part, old)
            self._still_says(path, data)
            self._client.posix_rename(part, path)
        except BaseException:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._client.remove(part)
            raise

    def _still_says(self, path: str, data: bytes) -> None:
        now = self._stat(path)
        same_size = (now.st_size if now else 0) == len(data)
        if not same_size or (now and self.read(path, max_bytes=len(data)) != data):
            message = f"{self._who}: {printable(path)} was changed by somebody else meanwhile"
            raise DriverError(message, "conflict")

    def _give_to(self, part: str, old: paramiko.SFTPAttributes | None) -> None:
        """The owner and group of the file whose place it takes."""
        new = self._client.stat(part)
        if old and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            self._client.chown(part, old.st_uid or 0, old.st_gid or 0)
            self._client.chmod(part, stat.S_IMODE(old.st_mode or 0o600))

    def _stat(self, path: str) -> paramiko.SFTPAttributes | None:
        try:
            return self._client.stat(path)
        except FileNotFoundError:
            return None

    def _make_folder(self, path: str) -> None:
        if self._stat(path) is None:
            self._client.mkdir(path, 0o700)

    def _write_part(self, part: str, data: bytes, mode: int) -> None:
        with self._client.open(part, "wx") as file:
            file.chmod(mode)
            for start in range(0, len(data), _CHUNK):
                self._lane.settimeout(self._deadline.left())
                file.write(data[start : start + _CHUNK])
            file.flush()

    def read(self, path: str, *, max_bytes: int) -> bytes:
        self._check(path)
        data = bytearray()
        with self._translated(f"reading {path}"), self._client.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > max_bytes:
                    message = f"{self._who}: {printable(path)} is longer than {max_bytes} bytes"
                    raise DriverError(message, "output_too_large")
                self._lane.settimeout(self._deadline.left())
        return bytes(data)

    def _check(self, path: str) -> None:
        if not path.startswith("/") or path.endswith("/") or "\0" in path:
            shown = printable(path, limit=200)
            raise DriverError(f"{self._who}: not the path of a file: {shown}", "bad_argument")

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        self._lane.settimeout(self._deadline.left())
        try:
            yield
        except TimeoutError:
            raise self._error(what, "no answer in time", "timeout") from None
        except (EOFError, paramiko.SSHException):
            raise self._error(what, "the SFTP session ended", "command_failed") from None
        except OSError as error:
            code = _CODES.get(error.errno or 0, "command_failed")
            raise self._error(what, error.strerror or str(error), code) from None

    def _error(self, what: str, why: str, code: str) -> DriverError:
        words = f"{printable(what, limit=300)} failed: {printable(why, limit=200)}"
        return DriverError(f"{self._who}: {words}", code)


def _beside(path: str) -> str:
    """A name in the same folder that nothing else has."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name[:100]}.{secrets.token_hex(8)}.part"
