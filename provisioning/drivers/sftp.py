"""Whole files over SFTP: written beside their place and then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterator

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
        folder, _, name = path.rpartition("/")
        part = f"{folder}/.{name[:100]}.{secrets.token_hex(8)}.part"
        with self._translated(f"writing {path}"):
            try:
                self._write_part(part, data, mode)
                self._client.posix_rename(part, path)
            except BaseException:
                with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                    self._client.remove(part)
                raise

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
