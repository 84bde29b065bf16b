"""A container's log as a stream of lines: the part of `Dockerd` that reads logs.

Docker Engine API 1.41, "Get container logs".
"""

from __future__ import annotations

from typing import Final

from provisioning.drivers.docker_calls import DockerCalls
from provisioning.drivers.log_lines import Assembler, Frames, Line, LogStream, PlainText
from provisioning.drivers.raw_http import RawStream

_CHUNK: Final = 256 * 1024


class DockerLogStream:
    """LogStream over Docker's answer."""

    def __init__(self, stream: RawStream, *, who: str, terminal: bool) -> None:
        self.ended = False
        self._stream = stream
        self._entries = PlainText() if terminal else Frames(who=who)
        self._assembler = Assembler(who=who)

    def read(self, *, timeout_s: float) -> list[Line]:
        """The next lines, none after ``timeout_s`` of silence or when only parts of one came.

        At the end of the log, or when the container stopped, ``ended`` is set. DriverError
        ``link_lost`` and ``garbage`` among others.
        """
        try:
            data = self._stream.recv(_CHUNK, timeout_s=timeout_s)
        except TimeoutError:
            return []
        if data:
            return self._assembler.lines(self._entries.feed(data))
        self.ended = True
        return self._assembler.rest()

    def answers(self) -> bool:
        return self._stream.answers()

    def close(self) -> None:
        self._stream.close()


class DockerLogs(DockerCalls):
    """Both outputs are always asked for: a line's count is one among the lines of both."""

    def log_stream(
        self, docker_id: str, *, follow: bool, tail: int | None = None,
        since_ns: int | None = None, until_ns: int | None = None,
    ) -> LogStream:  # fmt: skip
        """The log from ``since_ns`` on (nanoseconds of the epoch), of that the last ``tail``
        entries; with ``follow`` until the container stops. Over a stream of its own.
        """
        name = self._checked(docker_id)
        config = self.inspect(name).get("Config")
        query = log_query(follow=follow, tail=tail, since_ns=since_ns, until_ns=until_ns)
        what = f"reading the log of {name}"
        stream = self._raw(what, "GET", f"/containers/{name}/logs", query=query)
        terminal = isinstance(config, dict) and config.get("Tty") is True
        return DockerLogStream(stream, who=self._who, terminal=terminal)


def log_query(
    *, follow: bool, tail: int | None, since_ns: int | None, until_ns: int | None
) -> dict[str, str | int | float]:
    """What is asked of Docker; it wants seconds with a fraction of nine digits."""
    query: dict[str, str | int | float] = {"stdout": 1, "stderr": 1, "timestamps": 1}
    if follow:
        query["follow"] = 1
    query["tail"] = "all" if tail is None else max(0, tail)
    for name, moment in (("since", since_ns), ("until", until_ns)):
        if moment is not None:
            moment = max(0, moment)
            query[name] = f"{moment // 1_000_000_000}.{moment % 1_000_000_000:09d}"
    return query
