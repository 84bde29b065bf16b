"""Many clients on one log of 100 lines a second: each gets every line, through a restart, too."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any, Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.logs.clients import Follower
from tests.benchmarks.logs.writing import container_of, paced
from tests.stack import Stack

SECONDS: Final = 60
GRACE_S: Final = 120.0
AT_ONCE: Final = 40  # connecting at a time


def figures(running: Stack, host: Any, engine: str, *, clients: int, restart: bool) -> list[Figure]:
    lines = SECONDS * 100
    name = f"paced-{clients}{'-restart' if restart else ''}"
    paced(host, name, lines)
    client = running.client()
    key = container_of(client, host.name, name)
    followers = [Follower(client, key) for _ in range(clients)]
    late_s = asyncio.run(_follow(running, host, name, followers, lines, restart=restart))
    host.docker("rm", "-f", name)
    seen = [each.seen for each in followers]
    against = f"{sum(one.connects for one in seen)} connects, the last line {late_s:.1f} s late"
    what = f"log, {clients} clients{', daphne killed' if restart else ''}"
    return [
        Figure(f"{what}, lines lost", engine, sum(lines - one.numbers for one in seen), "",
               f"{clients * lines} lines, {against}", 0),
        Figure(f"{what}, lines wrong", engine, sum(len(one.wrong) for one in seen), "",
               "out of order or doubled", 0),
        Figure(f"{what}, lines skipped", engine, sum(one.skipped for one in seen), "", "", 0),
    ]  # fmt: skip


async def _follow(
    running: Stack, host: Any, name: str, followers: list[Follower], lines: int, *, restart: bool
) -> float:
    """Seconds from the last line written to the last client that has it."""
    room = asyncio.Semaphore(AT_ONCE)
    tasks = []
    for follower in followers:
        async with room:
            tasks.append(asyncio.create_task(follower.run(last=lines - 1)))
            if len(tasks) % AT_ONCE == 0:
                await asyncio.wait_for(follower.live.wait(), GRACE_S)
    for follower in followers:
        await asyncio.wait_for(follower.live.wait(), GRACE_S)
    await asyncio.to_thread(host.docker, "start", name)
    if restart:
        await asyncio.sleep(SECONDS / 3)  # a third of it has been written
        for pid in running.processes("web"):
            os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(host.docker, "wait", name)
    written = time.monotonic()
    await asyncio.wait(tasks, timeout=GRACE_S)
    for task in tasks:
        task.cancel()
    return max([each.done_at for each in followers] + [written]) - written
