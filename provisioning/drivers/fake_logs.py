"""Logs of containers in memory, which grow while they are followed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.log_cursors import ns_of
from provisioning.drivers.log_lines import Line, LogStream

if TYPE_CHECKING:
    from provisioning.drivers.fake import FakeHost


AT_ONCE: Final = 100  # lines of one read


class FakeLog:
    """One container's log. ``write`` gives each line the next millisecond, or the time named."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.streams: list[FakeLogStream] = []
        self.more = threading.Condition()

    def write(self, *texts: str, stream: str = "stdout", at: str = "") -> None:
        with self.more:
            for text in texts:
                self.lines.append(self._line(text, stream, at))
            self.more.notify_all()

    def _line(self, text: str, stream: str, at: str) -> Line:
        number = len(self.lines)
        at = at or f"2026-01-01T{number // 3_600_000:02d}:{number // 60_000 % 60:02d}:{number // 1000 % 60:02d}.{number % 1000:03d}000000Z"  # fmt: skip  # noqa: E501
        same = sum(1 for line in self.lines[-100:] if line.at == at)
        return Line(at, same, stream, text)

    def cut(self) -> None:
        """Every connection breaks."""
        with self.more:
            for each in self.streams:
                each.broken = True
            self.streams.clear()
            self.more.notify_all()

    def end(self) -> None:
        """The container stops: following ends."""
        with self.more:
            for each in self.streams:
                each.follow = False
            self.streams.clear()
            self.more.notify_all()


class FakeLogStream:
    """LogStream over a `FakeLog`."""

    def __init__(self, log: FakeLog, lines: list[Line], *, at: int, follow: bool, who: str) -> None:
        self.ended = False
        self.broken = False
        self.closed = False
        self.follow = follow
        self._log = log
        self._before = lines
        self._at = at
        self._who = who

    def read(self, *, timeout_s: float) -> list[Line]:
        if self._before:
            before, self._before = self._before[:AT_ONCE], self._before[AT_ONCE:]
            return before
        with self._log.more:
            self._log.more.wait_for(self._has_news, timeout_s)
            if self.broken:
                raise DriverError(f"{self._who}: the connection broke", "link_lost")
            if len(self._log.lines) > self._at and not self.closed and self.follow:
                found = self._log.lines[self._at : self._at + AT_ONCE]
                self._at += len(found)
                return found
            self.ended = self.closed or not self.follow
            return []

    def _has_news(self) -> bool:
        more = len(self._log.lines) > self._at
        return more or self.broken or self.closed or not self.follow

    def answers(self) -> bool:
        return not self.broken

    def close(self) -> None:
        with self._log.more:
            self.closed = True
            self._log.more.notify_all()


class FakeLogs:
    """That part of DockerApi over ``host.followed``, by the container's name."""

    _host: FakeHost

    def log_stream(
        self, docker_id: str, *, follow: bool, tail: int | None = None,
        since_ns: int | None = None, until_ns: int | None = None,
    ) -> LogStream:  # fmt: skip
        self._host.note("docker", "log_stream", docker_id)
        container = self._host.fake_docker._find(docker_id)
        log = self._log(container.name)
        with log.more:
            # As an Engine does it: the last ones first, and of those what lies between.
            first = 0 if tail is None else max(0, len(log.lines) - tail)
            lines = [
                line for line in log.lines[first:]
                if (since_ns is None or ns_of(line.at) >= since_ns)
                and (until_ns is None or ns_of(line.at) <= until_ns)
            ]  # fmt: skip
            follow = follow and container.state == "running"
            made = FakeLogStream(
                log, _counted(lines), at=len(log.lines), follow=follow, who=self._host.name
            )
            if follow:
                log.streams.append(made)
        return made

    def _log(self, name: str) -> FakeLog:
        if name not in self._host.followed:
            log = self._host.followed[name] = FakeLog()
            log.write(*self._host.logs.get(name, ()))
        return self._host.followed[name]


def _counted(lines: list[Line]) -> list[Line]:
    """As an Engine's: what came before the first of them is not known."""
    found: list[Line] = []
    for line in lines:
        same = found and found[-1].at == line.at
        found.append(line._replace(nth=found[-1].nth + 1 if same else 0))
    return found
