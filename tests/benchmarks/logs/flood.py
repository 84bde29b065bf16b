"""A container that writes 200 MB as fast as it can: through SiteFlow against `docker logs -f`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.figures import Figure, median, percentile
from tests.benchmarks.logs.clients import Follower
from tests.benchmarks.logs.pings import Pings
from tests.benchmarks.logs.writing import LINE_BYTES, container_of, flooding
from tests.stack import Stack

BYTES: Final = 200_000_000
PAIRS: Final = 3
WAIT_S: Final = 300.0  # for all lines of one turn


def figures(running: Stack, host: Any, engine: str, *, size: int = BYTES) -> list[Figure]:
    ours, theirs, grown, waits, beside = [], [], [], [], []
    for turn in range(PAIRS):
        rate, pings = _by_docker(running, host, f"flood-docker-{turn}", size)
        theirs.append(rate)
        beside += pings
        rate, memory, pings = _by_siteflow(running, host, f"flood-ours-{turn}", size)
        ours.append(rate)
        grown.append(memory)
        waits += pings
    quiet = _pings(running)
    time.sleep(5)  # as long as is measured
    alone = quiet.stop()
    ratio = median([mine / other for mine, other in zip(ours, theirs, strict=True)])
    against = f"docker logs -f, {median(theirs) / 1e6:.1f} MB/s; ours {median(ours) / 1e6:.1f}"
    return [
        Figure("flood, short of 0.9 of docker's", engine, max(0, 0.9 - ratio), "", against, 0),
        Figure("flood, memory of the web process", engine, max(grown) / 1e6, "MB", "before", 50),
        Figure("flood, ping of another socket, p99", engine, percentile(waits, 0.99) * 1000, "ms",
               f"{percentile(beside, 0.99) * 1000:.1f} ms beside docker logs -f, "
               f"{percentile(alone, 0.99) * 1000:.1f} ms without"),
    ]  # fmt: skip


def _by_docker(running: Stack, host: Any, name: str, size: int) -> tuple[float, list[float]]:
    """Bytes a second of the openssh client running `docker logs -f`; SiteFlow has no part in it."""
    flooding(host, name, size)
    argv = [*host.ssh_argv(), "--", "docker", "logs", "-f", name]
    pings = _pings(running)
    host.docker("start", name)
    begun = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    read = 0
    assert process.stdout is not None
    while read < size // LINE_BYTES * LINE_BYTES:
        data = os.read(process.stdout.fileno(), 1 << 20)
        if not data:
            break
        read += len(data)
    taken = time.monotonic() - begun
    process.wait(30)
    waits = pings.stop()
    host.docker("rm", "-f", name)
    return read / taken, waits


def _by_siteflow(
    running: Stack, host: Any, name: str, size: int
) -> tuple[float, float, list[float]]:
    flooding(host, name, size)
    client = running.client()
    key = container_of(client, host.name, name)
    follower = Follower(client, key)
    pids = running.processes("web")
    before = _memory(pids)
    most = before

    async def follow() -> tuple[float, list[float]]:
        nonlocal most
        task = asyncio.create_task(follower.run(last=size // LINE_BYTES - 1))
        await asyncio.wait_for(follower.live.wait(), 30)
        pings = _pings(running)
        begun = time.monotonic()
        await asyncio.to_thread(host.docker, "start", name)
        while not task.done():
            most = max(most, _memory(pids))
            if time.monotonic() > begun + WAIT_S:
                raise AssertionError(f"{follower.seen.numbers} lines came, and then no more")
            await asyncio.wait({task}, timeout=0.2)
        return follower.done_at - begun, pings.stop()

    taken, pings = asyncio.run(follow())
    seen = follower.seen
    if seen.wrong or seen.skipped or seen.numbers != size // LINE_BYTES:
        raise AssertionError(f"{seen.numbers} lines, skipped {seen.skipped}, {seen.wrong[:3]}")
    host.docker("rm", "-f", name)
    return seen.bytes / taken, most - before, pings


def _pings(running: Stack) -> Pings:
    session = running.client().session
    return Pings(running.url, "; ".join(f"{one.name}={one.value}" for one in session.cookies))


def _memory(pids: list[int]) -> float:
    """Resident bytes of these processes."""
    total = 0
    for pid in pids:
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    return float(total)
