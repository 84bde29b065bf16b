"""What the drivers must hold: `python -m tests.provisioning.drivers.figures` prints the figures."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from provisioning.drivers.errors import DriverError
from provisioning.drivers.ssh import SshHost
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, running, target_of, wait_gone


@dataclass(frozen=True)
class Storm:
    """Many calls at once on one host."""

    calls: int
    errors: list[str]
    seconds: float


def storm(host: Host, *, max_sessions: int, threads: int, calls: int) -> Storm:
    """Commands and Docker calls mixed, from ``threads`` threads, on one connection."""
    host.configure_sshd(MaxSessions=max_sessions)
    errors: list[str] = []
    with opened(host) as driver:

        def call(number: int) -> None:
            try:
                _call(driver, number)
            except DriverError as error:
                errors.append(f"{error.code}: {error.message}")

        started = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(call, range(calls)))
        seconds = time.monotonic() - started
    for text in ("dial-stdio", "sleep 0.05"):
        wait_gone(host, text)
    return Storm(calls, errors, seconds)


def _call(driver: SshHost, number: int) -> None:
    if number % 3 == 0:
        assert driver.run(("sh", "-c", f"sleep 0.05; echo {number}")).stdout == f"{number}\n"
    elif number % 3 == 1:
        assert driver.docker.containers()
    else:
        assert driver.run(("printf", "%s", str(number))).stdout == str(number)


@dataclass(frozen=True)
class Leaks:
    """What is more after many connections than before; sessions are sshd's children."""

    connects: int
    descriptors: int
    threads: int
    sessions: int


def leaks(host: Host, *, connects: int, threads: int = 2) -> Leaks:
    """Connect, run a command, ask Docker, close; again and again."""
    target = target_of(host)

    def once(_: int) -> None:
        driver = SshHost(target)
        driver.run(("true",))
        driver.docker.ping()
        driver.close()

    once(0)
    before = _descriptors(), threading.active_count(), _sessions(host)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(once, range(connects)))
    wait_gone(host, "dial-stdio")
    gc.collect()
    after = _descriptors(), threading.active_count(), _sessions(host)
    # Fewer than before: what other tests had opened has ended meanwhile.
    return Leaks(connects, *(max(0, b - a) for a, b in zip(before, after, strict=True)))


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _sessions(host: Host) -> int:
    return len(running(host, "sshd: "))


def latency(host: Host, *, calls: int = 300) -> dict[str, tuple[float, float]]:
    """Milliseconds, p50 and p99, of a call on a kept connection."""
    with opened(host) as driver:
        kinds: dict[str, Callable[[], object]] = {
            "run(true)": lambda: driver.run(("true",)),
            "docker.containers()": driver.docker.containers,
            "docker.ping()": driver.docker.ping,
        }
        return {name: _percentiles(call, calls) for name, call in kinds.items()}


def _percentiles(call: Callable[[], object], calls: int) -> tuple[float, float]:
    call()
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    steps = statistics.quantiles(taken, n=100)
    return round(steps[49], 2), round(steps[98], 2)


def main() -> None:
    with Lab.start() as lab:
        print("latency, ms (p50, p99):", latency(lab.web1))
        print("50 at once, MaxSessions 4:", storm(lab.web1, max_sessions=4, threads=50, calls=500))
        print("50 at once, MaxSessions 2:", storm(lab.web1, max_sessions=2, threads=50, calls=200))
        lab.web1.restore_sshd()
        print("leaks:", leaks(lab.web1, connects=1000))


if __name__ == "__main__":
    main()
