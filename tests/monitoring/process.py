"""`manage.py monitor` as a process of its own, on the test's database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

PROJECT = Path(__file__).parents[2]
# It takes less than two seconds on a machine with nothing else to do; a host that hangs keeps a
# call waiting for eight.
END_S = 6.0


def database_url() -> str:
    """The test database as another process may name it."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    user, password = quote(str(known["USER"])), quote(str(known["PASSWORD"]))
    place = f"{known['HOST']}:{known['PORT']}/{known['NAME']}"
    return f"postgres://{user}:{password}@{place}"


class MonitorProcess:
    def __init__(self, log: Path, **variables: str) -> None:
        self.log = log
        environment = {**os.environ, "DATABASE_URL": database_url(), **variables}
        environment["DJANGO_SETTINGS_MODULE"] = "siteflow.settings"
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "monitor"],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def end(self, number: int = signal.SIGTERM) -> float:
        """Seconds from the signal to its end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - begun

    def said(self) -> str:
        return self.log.read_text()


@contextmanager
def monitoring(log: Path, **variables: str) -> Iterator[MonitorProcess]:
    """A monitor for as long as the block; it must end cleanly unless the block ended it."""
    monitor = MonitorProcess(log, **variables)
    try:
        yield monitor
        if monitor.process.poll() is None:
            assert monitor.end() < END_S
            assert monitor.process.returncode == 0
        assert "Traceback" not in monitor.said(), monitor.said()
    finally:
        if monitor.process.poll() is None:
            monitor.process.kill()
            monitor.process.wait()
