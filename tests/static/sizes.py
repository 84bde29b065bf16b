"""The rule for files as a whole: what is longer than this holds more than one thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.static.findings import Finding

MOST_LINES: Final = 400


def check_size(path: str, source: str) -> Iterator[Finding]:
    lines = source.splitlines()
    if len(lines) > MOST_LINES:
        message = f"{len(lines)} lines; a file has at most {MOST_LINES}"
        yield Finding(path, MOST_LINES + 1, "size", message, lines[MOST_LINES].strip())
