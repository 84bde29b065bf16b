"""What alerts need from hosts themselves: whether sites answer, and last lines of logs."""

from __future__ import annotations

from django.utils import timezone

from monitoring.alerts import last_lines, probing
from monitoring.rounds import OfferedRounds
from provisioning.drivers.host import HostDriver


class AlertLooks(OfferedRounds):
    """A host offered here has its sites asked whose turn has come, and last lines read."""

    what = "alert-looks"

    def _with_work(self, hosts: list[int]) -> set[int]:
        due = probing.hosts_with_due(hosts, now=timezone.now())
        return due | last_lines.hosts_with_unread(hosts)

    def _look_at(self, key: int, thing: HostDriver) -> None:
        self._read_lines(key, thing)
        self._probe(key, thing)

    def _read_lines(self, key: int, driver: HostDriver) -> None:
        wanted = self._database(lambda: last_lines.unread_of(key))
        for alert, lines in last_lines.read(driver, wanted):
            self._database(lambda one=alert, kept=lines: last_lines.keep(one, kept))  # type: ignore[misc]

    def _probe(self, key: int, driver: HostDriver) -> None:
        at = timezone.now()
        proxy, sites = self._database(lambda: probing.due_of(key, now=at))
        if proxy is None:
            return
        for found in probing.look(driver, proxy, sites):
            if self._stopped.is_set():
                return
            self._database(lambda one=found: probing.keep(one, at=timezone.now()))  # type: ignore[misc]
