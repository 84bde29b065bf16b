"""What an Engine says while it pulls an image (``POST /images/create``): one JSON object a line.

A registry chooses much of it, and a compromised host may say anything: texts are cut and made
printable, layers beyond a thousand are not counted, and what is no JSON is ``garbage``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable

PULL_S: Final = 2700.0  # what a pull may take, unless said otherwise
MAX_LINE_BYTES: Final = 64 * 1024
MAX_LAYERS: Final = 1000
_MAX_WORDS: Final = 500
_MAX_SIZE: Final = 2**63 - 1
_DOWNLOADED: Final = 0.7  # of the work on a layer; the rest is unpacking it
_LAYER: Final = re.compile(r"[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"Digest: (sha256:[0-9a-f]{64})")
_OUTCOME: Final = re.compile(r"Status: (.+)")
_ENDED: Final = frozenset({"Pull complete", "Already exists"})
_FETCHED: Final = frozenset({"Verifying Checksum", "Download complete"})
# In the words of the Engine and of registries → the code it means.
_MEANINGS: Final = (
    ("disk_full", re.compile("no space left on device", re.I)),
    ("registry_denied", re.compile(
        "unauthorized|authentication required|no basic auth|toomanyrequests|rate limit"
        "|denied: requested access", re.I)),
    ("registry_down", re.compile(
        "dial tcp|no such host|connection refused|i/o timeout|tls handshake|x509|certificate"
        "|Client.Timeout|context deadline|gave HTTP response|network is unreachable"
        "|no route to host|connection reset|unexpected EOF|server misbehaving|50[0234] ", re.I)),
    ("image_missing", re.compile(
        "manifest unknown|manifest for .{1,600} not found|not found|does not exist"
        "|name unknown|no matching manifest", re.I)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """``total_bytes`` 0: not told yet. Both count what is downloaded, then what is unpacked."""

    name: str
    status: str
    done_bytes: int = 0
    total_bytes: int = 0

    @property
    def share(self) -> float:
        """How much of the work on it is done, from 0 to 1."""
        if self.status in _ENDED:
            return 1.0
        if self.status in _FETCHED:
            return _DOWNLOADED
        part = min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0
        if self.status == "Extracting":
            return _DOWNLOADED + (1 - _DOWNLOADED) * part
        return _DOWNLOADED * part if self.status == "Downloading" else 0.0


@dataclass(frozen=True, slots=True)
class Pulling:
    """How far it is. ``changed``: each layer as often as its status has become another one."""

    percent: int
    layers: int
    done: int  # layers that are there
    changed: tuple[Layer, ...] = ()


OnProgress = Callable[[Pulling], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """``digest`` is what the registry calls it now; ``is_new``: the host had it otherwise."""

    digest: str
    is_new: bool


class PullProgress:
    """Fed with bytes as they come. ``error`` holds the Engine's own words once it gave up."""

    def __init__(self) -> None:
        self.error = ""
        self._layers: dict[str, Layer] = {}
        self._buffer = b""
        self._digest = ""
        self._outcome = ""
        self._percent = 0

    def feed(self, data: bytes) -> Pulling:
        self._buffer += data
        changed: list[Layer] = []
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            if layer := self._take(line):
                changed.append(layer)
        if len(self._buffer) > MAX_LINE_BYTES:
            raise _garbage()
        return self._now(tuple(changed))

    def end(self) -> Pulled | None:
        """After the last byte; None when it was cut off before the Engine was done."""
        self.feed(b"\n")
        if not self._outcome:
            return None
        return Pulled(self._digest, "up to date" not in self._outcome)

    def _take(self, line: bytes) -> Layer | None:
        """A layer whose status this line changes."""
        if not line.strip():
            return None
        told = _parsed(line)
        if "error" in told or "errorDetail" in told:
            self.error = self.error or _words_of(told)
            return None
        status = printable(_text(told.get("status")), limit=_MAX_WORDS)
        name = _text(told.get("id"))
        if _LAYER.fullmatch(name) and not status.startswith("Pulling from"):
            return self._of_layer(name, status, told.get("progressDetail"))
        if found := _DIGEST.fullmatch(status):
            self._digest = found[1]
        elif outcome := _OUTCOME.fullmatch(status):
            self._outcome = outcome[1]
        return None

    def _of_layer(self, name: str, status: str, detail: object) -> Layer | None:
        before = self._layers.get(name)
        if before is None and len(self._layers) >= MAX_LAYERS:
            return None
        numbers = detail if isinstance(detail, dict) else {}
        total = _size(numbers.get("total")) or (before.total_bytes if before else 0)
        now = Layer(name, status[:80], _size(numbers.get("current")), total)
        self._layers[name] = now
        return now if before is None or before.status != now.status else None

    def _now(self, changed: tuple[Layer, ...]) -> Pulling:
        layers = self._layers.values()
        self._percent = max(self._percent, _percent_of(list(layers)))
        done = sum(layer.status in _ENDED for layer in layers)
        return Pulling(self._percent, len(layers), done, changed)


def meaning(words: str, *, otherwise: str) -> str:
    """The code of what an Engine or a registry says went wrong."""
    return next((code for code, pattern in _MEANINGS if pattern.search(words)), otherwise)


def _percent_of(layers: list[Layer]) -> int:
    """By size; what tells none yet counts as much as the others do on average."""
    known = [layer.total_bytes for layer in layers if layer.total_bytes]
    usual = sum(known) / len(known) if known else 1.0
    weights = [layer.total_bytes or usual for layer in layers]
    whole = sum(weights)
    done = sum(layer.share * weight for layer, weight in zip(layers, weights, strict=True))
    return int(100 * done / whole) if whole else 0


def _parsed(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise _garbage()
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise _garbage() from None
    if not isinstance(told, dict):
        raise _garbage()
    return told


def _words_of(told: dict[str, Any]) -> str:
    detail = told.get("errorDetail")
    inner = _text(detail.get("message")) if isinstance(detail, dict) else ""
    words = printable(_text(told.get("error")) or inner, limit=_MAX_WORDS)
    return words or "the Engine gave no reason"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= _MAX_SIZE else 0


def _garbage() -> DriverError:
    return DriverError("what Docker says of its progress cannot be read", "garbage")
