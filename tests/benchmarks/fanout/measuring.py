"""1,000 sockets for speed and loss, 500 against plain Channels consumers for CPU."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.fanout.sides import (
    Field,
    Heard,
    Side,
    daphne,
    daphne_plain,
    round_of,
    uvicorn,
)
from tests.benchmarks.figures import Figure, median, percentile
from tests.benchmarks.monitors import manage
from tests.stack import database_of_its_own

RATE: Final = 10.0  # messages a second, of a kilobyte
MANY, MANY_COUNT = 1000, 200
FEW, FEW_COUNT, ROUNDS = 500, 50, 5
GOALS: Final = {"daphne": 4.0, "uvicorn": 10.0}


def figures(engine: str, variables: Mapping[str, str]) -> list[Figure]:
    with field(variables) as found:
        many = thousand(engine, found)
    with field(variables) as found:
        return [*many, *against_plain(engine, found)]


@contextmanager
def field(variables: Mapping[str, str]) -> Iterator[Field]:
    with (
        tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder,
        database_of_its_own(variables.get("DATABASE_URL")) as own,
        ExitStack() as until,
    ):
        environment = {
            **os.environ, **variables, **own,
            "DJANGO_SETTINGS_MODULE": "siteflow.settings",
            "SITEFLOW_DATA_DIR": str(Path(folder) / "data"),
            "SITEFLOW_ADMIN_PASSWORD": "bench",
            "SITEFLOW_RATE_ANONYMOUS": "0",
            "SITEFLOW_RATE_USER": "0",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        manage(environment, "prepare")
        yield Field(environment, until)


def thousand(engine: str, found: Field) -> list[Figure]:
    publisher = found.publisher()
    side = found.side("daphne", daphne, way="ours", sockets=MANY, processes=2)
    round_of(side, publisher, count=10, rate=RATE)  # warm
    heard = round_of(side, publisher, count=MANY_COUNT, rate=RATE)
    lost = MANY * MANY_COUNT - heard.came
    _tell(engine, side, heard)
    sent = f"{MANY} sockets x {MANY_COUNT} messages at {RATE:g}/s"
    late = heard.latencies_ms
    return [
        Figure("live, messages lost", engine, lost, "", sent, 0),
        Figure("live, messages out of order", engine, heard.unordered, "", sent, 0),
        Figure("live, published -> read, p50", engine, median(late), "ms", sent),
        Figure("live, published -> read, p99", engine, percentile(late, 0.99), "ms", sent, 250),
        Figure("live, CPU of a delivery", engine, heard.cpu_us, "us", sent),
    ]


def against_plain(engine: str, found: Field) -> list[Figure]:
    publisher = found.publisher()
    plain = found.side("plain on daphne", daphne_plain, way="plain", sockets=FEW)
    ours = [
        found.side("daphne", daphne, way="ours", sockets=FEW),
        found.side("uvicorn", uvicorn, way="ours", sockets=FEW),
    ]
    ratios: dict[str, list[float]] = {side.name: [] for side in ours}
    for side in (plain, *ours):
        round_of(side, publisher, count=10, rate=RATE)  # warm
    for _ in range(ROUNDS):
        base = _whole(engine, plain, round_of(plain, publisher, count=FEW_COUNT, rate=RATE))
        for side in ours:
            one = _whole(engine, side, round_of(side, publisher, count=FEW_COUNT, rate=RATE))
            ratios[side.name].append(one.cpu_us / base.cpu_us)
    return [_of_plain(engine, name, found) for name, found in ratios.items()]


def _of_plain(engine: str, name: str, ratios: Sequence[float]) -> Figure:
    against = f"plain group_send on daphne, {FEW} sockets, median of {ROUNDS}: " + (
        f"{1 / median(ratios):.1f} times the deliveries per CPU second"
    )
    return Figure(f"live, CPU on {name}", engine, median(ratios), "x", against, 1 / GOALS[name])


def _whole(engine: str, side: Side, heard: Heard) -> Heard:
    _tell(engine, side, heard)
    if side.way == "ours" and heard.came != FEW * FEW_COUNT:
        raise RuntimeError(f"{side.name}: {heard.came} of {FEW * FEW_COUNT} came")
    return heard


def _tell(engine: str, side: Side, heard: Heard) -> None:
    late = heard.latencies_ms or [0.0]
    print(
        f"{engine}: {side.name:16} {side.sockets} sockets, {heard.came} came, {heard.cpu_us:6.1f}"
        f" us of CPU each, p50 {median(late):.0f} p99 {percentile(late, 0.99):.0f} ms, load"
        f" {os.getloadavg()[0]:.1f}",
        file=sys.stderr,
    )
