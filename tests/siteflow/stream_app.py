"""The console with a host in memory, in whose container terminals are opened and logs followed."""

from __future__ import annotations

import threading
import time
from typing import Final

from provisioning.drivers import pool
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_logs import FakeLog
from provisioning.drivers.target import Target
from tests.siteflow.stream_storms import WEB

FAKE: Final = FakeHost("web1", containers=[WEB])
FAKE.followed = {WEB.name: FakeLog()}
LINE_EVERY_S: Final = 0.05


def _fake(target: Target) -> FakeHost:
    return FAKE


def _write() -> None:
    """Numbered lines, for ever."""
    number = 0
    while True:
        FAKE.followed[WEB.name].write(f"line {number}")
        number += 1
        time.sleep(LINE_EVERY_S)  # it writes as a container does


pool.host_driver = _fake  # before anybody takes it from there

from tests.siteflow.broken_app import application  # noqa: E402

__all__ = ["application"]
threading.Thread(target=_write, name="writes", daemon=True).start()
