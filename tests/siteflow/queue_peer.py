"""A task for the queue's tests; `python -m tests.siteflow.queue_peer FILE COUNT` asks for it."""

from __future__ import annotations

import sys
import time
from pathlib import Path


def note(path: str, sent_at: float) -> None:
    """Write down how long it took from the request to here, in ms."""
    with Path(path).open("a") as file:
        file.write(f"{(time.time() - sent_at) * 1000}\n")


def ask(path: str, count: int) -> None:
    from django_q.tasks import async_task

    for number in range(1, count + 1):
        async_task("tests.siteflow.queue_peer.note", path, time.time())
        deadline = time.monotonic() + 20
        while len(Path(path).read_text().splitlines()) < number:
            assert time.monotonic() < deadline, "the task did not run"
            time.sleep(0.02)


if __name__ == "__main__":
    import django

    django.setup()
    ask(sys.argv[1], int(sys.argv[2]))
