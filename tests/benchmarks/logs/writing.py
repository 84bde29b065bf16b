"""Containers that write numbered lines."""

from __future__ import annotations

import time
from typing import Any, Final

from tests.lab.images import BUSYBOX
from tests.stack import Client

LINE_BYTES: Final = 100
WAIT_S: Final = 30.0
_FLOOD: Final = 'BEGIN { for (i = 0; i < n; i++) printf "%09d %s\\n", i, pad }'
_PACED: Final = (
    'i=0; while [ $i -lt "$1" ]; do j=0; while [ $j -lt 10 ]; do printf "%09d %s\\n" $i "$2"; '
    "i=$((i+1)); j=$((j+1)); done; usleep 95000; done"
)


def flooding(host: Any, name: str, size: int) -> None:
    """Created, not started: writes so many bytes in lines of 100."""
    pad = "x" * (LINE_BYTES - 11)
    argv = ["awk", "-v", f"n={size // LINE_BYTES}", "-v", f"pad={pad}", _FLOOD]
    host.docker("create", "--name", name, BUSYBOX, *argv)


def paced(host: Any, name: str, lines: int) -> None:
    """Created, not started: about 100 lines a second, ten at a time."""
    pad = "x" * (LINE_BYTES - 11)
    host.docker("create", "--name", name, BUSYBOX, "sh", "-c", _PACED, "sh", str(lines), pad)


def container_of(client: Client, host: str, name: str) -> int:
    """Its key, once the console knows it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if rows := client.get("/containers", host=host, search=name)["items"]:
            return int(rows[0]["id"])
        time.sleep(0.1)  # only until it is known; what is measured comes later
    raise TimeoutError(f"{name} on {host} is not known")
