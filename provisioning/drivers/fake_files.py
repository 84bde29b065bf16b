"""The file system of a host in memory: what host_files.py asks of it, answered from a dict."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioning.drivers import file_scripts
from provisioning.drivers.host import Result

_MISSING: Final = "No such file or directory"


@dataclass(frozen=True, slots=True)
class FakeFile:
    data: bytes
    mode: int = 0o644


class FakeFiles(dict[str, FakeFile]):
    """Path → file. Folders are those in ``folders`` and whatever has a file in it."""

    def __init__(self) -> None:
        super().__init__()
        self.folders: dict[str, int] = dict.fromkeys(("", "/srv", "/srv/sites"), 0o755)
        self._scripts: dict[str, Callable[..., Result]] = {
            file_scripts.READ: self._read,
            file_scripts.READ_END: self._read_end,
            file_scripts.WRITE: self._write,
            file_scripts.MAKE_FOLDER: self._make_folder,
            file_scripts.LISTING: self._listing,
            file_scripts.EXISTS: self._exists,
            file_scripts.LEADS_OUT: self._leads_out,
            file_scripts.MOVE: self._move,
            file_scripts.REMOVE_TREE: self._remove_tree,
            file_scripts.CERTIFICATES: self._certificates,
            file_scripts.REMOVE_IF_EMPTY: self._remove_if_empty,
        }

    def answer(self, argv: tuple[str, ...], stdin: bytes | None) -> Result | None:
        """None for a command that is none of host_files.py."""
        script = self._scripts.get(argv[2]) if argv[:2] == ("/bin/sh", "-c") else None
        if script is None:
            return None
        return script(stdin or b"", *argv[4:]) if script == self._write else script(*argv[4:])

    def is_folder(self, path: str) -> bool:
        return path in self.folders or any(name.startswith(f"{path}/") for name in self._all())

    def _all(self) -> list[str]:
        return [*self, *self.folders]

    def _there(self, path: str) -> bool:
        return path in self or self.is_folder(path)

    def _read(self, path: str, most: str, below: str) -> Result:
        if path in self:
            return _ok(base64.b64encode(self[path].data[: int(most)]).decode())
        return _failed(file_scripts.NOT_A_FILE if self.is_folder(path) else 1, _MISSING)

    def _read_end(self, path: str, most: str) -> Result:
        data = self[path].data if path in self else b""
        return _ok(base64.b64encode(data[-int(most) :]).decode())

    def _write(self, data: bytes, path: str, part: str, mode: str, size: str, *_: str) -> Result:
        if not self.is_folder(_parent(path)):
            return _failed(1, _MISSING)
        if self.is_folder(path) or len(data) != int(size):
            return _failed(file_scripts.NOT_A_FILE)
        self[path] = FakeFile(data, int(mode, 8))
        return _ok()

    def _leads_out(self, folder: str, *paths: str) -> Result:
        """There are no links here."""
        return _ok()

    def _make_folder(self, path: str, mode: str) -> Result:
        if self.is_folder(path):
            return _ok()
        if path in self:
            return _failed(1, "File exists")
        parent = _parent(path)
        while not self.is_folder(parent):
            self.folders[parent] = 0o755
            parent = _parent(parent)
        self.folders[path] = int(mode, 8)
        return _ok("made\n")

    def _listing(self, folder: str, *leave_out: str) -> Result:
        if not self.is_folder(folder):
            return _failed(1, _MISSING)
        skipped = tuple(f"{folder}/{word[2:]}/" for word in leave_out[1::4])
        rows = (
            f"{file.mode:o} {len(file.data)} {hashlib.sha256(file.data).hexdigest()} "
            f"./{path.removeprefix(f'{folder}/')}\0"
            for path, file in sorted(self.items())
            if path.startswith(f"{folder}/") and not path.startswith(skipped)
        )
        return _ok("".join(rows))

    def _exists(self, path: str) -> Result:
        return _ok() if self._there(path) else _failed(2, _MISSING)

    def _move(self, old: str, new: str) -> Result:
        if self._there(new):
            return _failed(file_scripts.IN_THE_WAY)
        if not self._there(old) or not self.is_folder(_parent(new)):
            return _failed(1, _MISSING)
        for path in self._below(old):
            self[new + path.removeprefix(old)] = self.pop(path)
        for path in [name for name in self.folders if _is_at_or_below(name, old)]:
            self.folders[new + path.removeprefix(old)] = self.folders.pop(path)
        return _ok()

    def _remove_if_empty(self, folder: str) -> Result:
        inside = [name for name in self._all() if name.startswith(f"{folder}/")]
        if not inside:
            self.folders.pop(folder, None)
        return _ok()

    def _remove_tree(self, path: str, below: str) -> Result:
        for name in self._below(path):
            del self[name]
        for name in [name for name in self.folders if _is_at_or_below(name, path)]:
            del self.folders[name]
        return _ok()

    def _certificates(self, folder: str, *names: str) -> Result:
        if not self.is_folder(folder):
            return _failed(2, _MISSING)
        lines = []
        for path, file in sorted(self.items()):
            authority, *rest = path.removeprefix(f"{folder}/").split("/")
            if path.startswith(f"{folder}/") and rest in ([one, f"{one}.crt"] for one in names):
                data = base64.b64encode(file.data).decode()
                lines.append(f"{authority} {rest[0]} {data}\n")
        return _ok("".join(lines))

    def _below(self, path: str) -> list[str]:
        return [name for name in self if _is_at_or_below(name, path)]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _is_at_or_below(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


def _ok(stdout: str = "") -> Result:
    return Result(0, stdout, "", False, 1)


def _failed(code: int, words: str = "") -> Result:
    return Result(code, "", words, False, 1)
