"""Clients of terminals and logs that say what makes no sense; others must not notice.

``python -m tests.siteflow.stream_storms [10000 ["looking on" …]]`` sends so many frames to each
kind of socket, or to those named; the suite does a part of it.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from websockets.sync.client import ClientConnection

from provisioning.drivers.fake import fake_container
from siteflow.sockets.terminal_frames import MAX_TYPED_BYTES
from tests.served import Served, by_daphne, served
from tests.siteflow.storms import ANSWER_S, MESSAGES, Kind, Place, frame, malformed

WEB: Final = fake_container("shop-web-1")
# The rows of the host in memory of `stream_app.py`, as `manage.py shell` writes them.
ROWS: Final = f"""
from django.utils import timezone
from sites.models import Container, Host
now = timezone.now()
host = Host.objects.create(pk=1, name="web1", connection="local", state="reachable",
    inventory_at=now)
Container.objects.create(pk=1, host=host, docker_id="{WEB.docker_id}", name="{WEB.name}",
    image="nginx", state="running", state_since=now, observed_at=now, source="event")
"""
START: Final = frame(b'{"type":"start"}')
STARTED: Final = b'"type":"started"'
_ODD_VALUES: Final = (
    "0", "-1", "1000000000", "1e400", "-0.0", "NaN", "Infinity", "1.5", '"80"', "null", "true",
    "[]", "{}", '{"$ne":1}', '"\\ud800"', '"\\u0000"', '""', "[[[[[]]]]]", '"' + "x" * 5000 + '"',
    "9" * 4000, '["sh","-c",1]', '["\\ud800"]', '[""]', '["a\\u0000b"]', '"../.."', '"$(id)"',
    '"0; rm -rf /"',
)  # fmt: skip
_OF_TERMINALS: Final = {
    "start": ("command", "user", "workdir", "tty", "cols", "rows", "confirms", "id", "argv"),
    "resize": ("cols", "rows", "id"),
    "signal": ("name", "id"),
    "confirm": ("size", "id"),
    "close": ("id", "why"),
    "ping": ("id", "at"),
    "pong": ("id",),
}
_OF_LOGS: Final = {
    "filter": ("search", "level", "stream", "tail", "id", "since"),
    "ping": ("id", "at"),
    "pong": ("id",),
}


def odd_field(kinds: dict[str, tuple[str, ...]]) -> Kind:
    """A message with some fields of its own, each with a value that mostly is none."""

    def make(dice: random.Random) -> bytes:
        kind = dice.choice(list(kinds))
        names = dice.sample(kinds[kind], dice.randrange(0, len(kinds[kind]) + 1))
        fields = [f'"{name}":{dice.choice(_ODD_VALUES)}' for name in names]
        return frame(("{" + ",".join([f'"type":"{kind}"', *fields]) + "}").encode())

    return make


def odd_type(dice: random.Random) -> bytes:
    return frame(f'{{"type":{dice.choice(_ODD_VALUES)},"cols":80}}'.encode())


def typed(dice: random.Random) -> bytes:
    """Bytes, up to as many as there may be."""
    return frame(dice.randbytes(dice.choice([0, 1, 100, MAX_TYPED_BYTES - 1])), opcode=2)


_TERMINALS: Final = (*MESSAGES, odd_field(_OF_TERMINALS), odd_field(_OF_TERMINALS), odd_type, typed)
_LOGS: Final = (*MESSAGES, odd_field(_OF_LOGS), odd_field(_OF_LOGS), odd_type, typed)
EXEC: Final = "/ws/containers/1/exec"
PLACES: Final = {
    "a terminal that runs": Place(EXEC, _TERMINALS, first=START, ready=STARTED),
    "a terminal before its start": Place(EXEC, _TERMINALS),
    "a terminal of a host": Place("/ws/hosts/1/terminal", _TERMINALS, first=START, ready=STARTED),
    "looking on": Place("/ws/terminals/1/watch", _TERMINALS, ready=b'"type":"watching"'),
    "a log": Place("/ws/containers/1/logs", _LOGS, ready=b'"type":"live"'),
    "several logs": Place("/ws/logs?containers=1", _LOGS),
}


def by_daphne_with_streams(port: int) -> list[str]:
    return [*by_daphne(port)[:-1], "tests.siteflow.stream_app:application"]


@contextmanager
def served_streams(folder: Path) -> Iterator[Served]:
    """With what the places are about: terminal 1 is open."""
    with served(folder, by_daphne_with_streams, TERMINALS_PER_ACCOUNT="1000") as console:
        console.stack.manage("shell", "--no-imports", "-c", ROWS)
        yield console


class Bystanders(AbstractContextManager["Bystanders"]):
    """Somebody at a terminal and somebody who follows a log, while others misbehave."""

    def __init__(self, console: Served) -> None:
        self._opened = ExitStack()
        self._terminal = self._opened.enter_context(console.socket(EXEC, max_size=None))
        self._terminal.send('{"type":"start"}')
        _hear(self._terminal, lambda said: '"started"' in str(said))
        self._log = self._opened.enter_context(
            console.socket("/ws/containers/1/logs?tail=0", max_size=None, max_queue=None)
        )
        self.numbers: list[int] = []
        self._typed = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._opened.close()

    def are_well(self) -> Self:
        """What is typed comes back, and lines come, each once and in order."""
        self._typed += 1
        word = f"<{self._typed}>".encode()
        self._terminal.send(word)
        _hear(self._terminal, lambda said: isinstance(said, bytes) and word in said)
        before = len(self.numbers)
        while len(self.numbers) == before:
            self._take(str(self._log.recv(ANSWER_S)))
        first = self.numbers[0]
        assert self.numbers == list(range(first, first + len(self.numbers)))
        return self

    def _take(self, said: str) -> None:
        message = json.loads(said)
        if message["type"] == "lines":
            self.numbers += [int(line[3].removeprefix("line ")) for line in message["lines"]]


def _hear(socket: ClientConnection, wanted: Callable[[str | bytes], bool]) -> None:
    while not wanted(said := socket.recv(ANSWER_S)):
        assert '"error"' not in str(said), said


def main(count: int = 10_000, *only: str) -> int:
    with tempfile.TemporaryDirectory() as folder, served_streams(Path(folder)) as console:
        try:
            with Bystanders(console) as bystanders:
                for name in only or PLACES:
                    _storm(console, bystanders, name, count)
                print(f"{len(bystanders.numbers)} lines in order beside it")
        finally:
            tracebacks = console.said().count("Traceback")
            print(f"tracebacks: {tracebacks}")
            print(console.said()[-8000:])
    return int(tracebacks > 0)


def _storm(console: Served, bystanders: Bystanders, name: str, count: int) -> None:
    began, codes = time.monotonic(), Counter[str]()
    for _ in malformed(console, count, place=PLACES[name], codes=codes):
        bystanders.are_well()
    print(f"{name}: {count} in {time.monotonic() - began:.0f} s, {dict(codes)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, *sys.argv[2:]))
