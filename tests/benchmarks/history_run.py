"""Containers that are measured every minute, by a clock that nobody waits for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from monitoring.history.recorder import Recorder
from monitoring.metrics import METRICS, SeriesKey
from monitoring.models import Point
from tests.benchmarks.history_sizes import bytes_of, real_bytes, vacuum_if_due
from tests.provisioning.rows import make_container, make_host

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
BEGIN_S: Final = datetime(2024, 1, 1, tzinfo=UTC).timestamp()


class HistoryRun:
    """So many containers of one host, from the first day of 2024 on.

    A monitor writes each minute and forgets what is old each ten; who writes once an hour is sooner
    done and has some minutes more in the table.
    """

    def __init__(self, containers: int, *, written_every_s: int = 600) -> None:
        host = make_host(f"history{containers}")
        self.rows = [make_container(host, f"c{number:03}") for number in range(containers)]
        self.now_s = BEGIN_S
        self._written_every_s = written_every_s
        self._recorder = Recorder(database=lambda work: work(), clock=lambda: self.now_s)

    def until(self, until_s: float) -> None:
        keys = [SeriesKey("container", row.host_id, row.pk) for row in self.rows]
        while self.now_s < until_s:
            values = dict.fromkeys(METRICS["container"], 1000.0 + self.now_s % 977)
            self._recorder.add(dict.fromkeys(keys, values), source="cgroup")
            self.now_s += 60
            if self.now_s % self._written_every_s == 0:
                self._recorder.write()
                vacuum_if_due()

    def of_computed(self) -> float:
        """Bytes that the table has, of those that such a table is computed to have."""
        return real_bytes() / bytes_of("container", len(self.rows), self.now_s - BEGIN_S)

    def bytes_a_point(self) -> float:
        return real_bytes() / Point.objects.count()
