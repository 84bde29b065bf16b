"""`make bench`: every figure on SQLite and on PostgreSQL with Redis, as a table and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks import graph, live, monitors, sampler, sites, terminal
from tests.benchmarks.fanout import measuring as fanout
from tests.benchmarks.figures import Figure
from tests.chaos import Torment
from tests.databases import postgres, redis
from tests.lab import Lab
from tests.stack import database_of_its_own, stack

KILLS = 50
WITHOUT_LAB = {"monitor", "history", "graph", "fanout"}
EVERYTHING = {"lists", "live", "kills", "sites", "sampler", "terminal", *WITHOUT_LAB}


def main() -> int:
    wanted = set(sys.argv[1:]) or EVERYTHING
    figures: list[Figure] = []
    for engine, variables in engines() if wanted & WITHOUT_LAB else ():
        if "monitor" in wanted:
            figures += monitors.figures(engine, variables)
        if "history" in wanted:
            figures += history(engine, variables)
        if "graph" in wanted:
            figures += graph.figures(engine, variables)
        if "fanout" in wanted:
            figures += fanout.figures(engine, variables)
    if wanted - WITHOUT_LAB:
        figures += on_lab_hosts(wanted)
    show(figures)
    return 0 if all(figure.reached for figure in figures) else 1


def on_lab_hosts(wanted: set[str]) -> list[Figure]:
    figures: list[Figure] = []
    with Lab.start() as lab:
        if "sampler" in wanted:
            figures += sampler.figures(lab)
        for engine, variables in engines() if wanted - {"sampler"} - WITHOUT_LAB else ():
            if "lists" in wanted:
                figures += lists(engine, variables)
            if "live" in wanted:
                figures += everything_live(lab, engine, variables)
            if "terminal" in wanted:
                with stack(**variables) as running:
                    live.register(running, lab)
                    figures += terminal.figures(running, lab.web1, engine)
            if "kills" in wanted:
                figures += kills(lab, engine, variables)
            if "sites" in wanted:
                with sites.provisioning_host(lab) as host:
                    figures += sites.provision_static(host, engine, variables)
    return figures


def engines() -> Iterator[tuple[str, dict[str, str]]]:
    yield "SQLite", {}
    with postgres() as database_url, redis() as redis_url:
        yield "PostgreSQL + Redis", {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


def lists(engine: str, variables: dict[str, str]) -> list[Figure]:
    figures = []
    for page, sizes in measured_by("tests.benchmarks.lists", variables).items():
        (few_ms, few), (many_ms, many) = sizes["100"], sizes["10000"]
        name = f"{page} list of 10,000 containers"
        figures += [
            Figure(f"{name}, server time", engine, many_ms / few_ms, "x", "the same with 100", 2),
            Figure(f"{name}, queries more", engine, many - few, "", f"{few:.0f} with 100", 0),
            _scoped(page, engine, sizes),
        ]
    return figures


def measured_by(module: str, variables: dict[str, str]) -> Any:
    """What a process of its own prints as JSON, on a database of its own."""
    with database_of_its_own(variables.get("DATABASE_URL")) as own:
        done = subprocess.run(
            [sys.executable, "-m", module],
            env={**os.environ, **variables, **own},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout)


def history(engine: str, variables: dict[str, str]) -> list[Figure]:
    found = measured_by("tests.benchmarks.history", variables)
    ratio = found["year_ms"] / found["hour_ms"]
    return [
        Figure("history, points more in a second year", engine, found["more_points"], "",
               f"{found['points']:.0f} points", 0),
        Figure("history, bytes after two years", engine, found["grown"], "x", "after one", 1.1),
        *(_of_computed(engine, found, which) for which in ("few", "many")),
        Figure("history, reading a year", engine, ratio, "x", "reading an hour", 4),
    ]  # fmt: skip


def _of_computed(engine: str, found: dict[str, float], which: str) -> Figure:
    off = 100 * abs(found[f"{which}_of_computed"] - 1)
    really = f"computed; {found[f'{which}_bytes']:.0f} bytes a point"
    return Figure(f"history of {which}, bytes differ by", engine, off, "%", really, 10)


def _scoped(page: str, engine: str, sizes: dict[str, list[float]]) -> Figure:
    ratio = sizes["scoped"][0] / sizes["10000"][0]
    name = f"{page} list for who has roles on 50 hosts, server time"
    return Figure(name, engine, ratio, "x", "for who sees everything", 3)


def everything_live(lab: Lab, engine: str, variables: dict[str, str]) -> list[Figure]:
    with stack(**variables) as running:
        live.register(running, lab)
        return [
            *live.click_to_end(running, lab.web1, engine),
            *live.change_to_socket(running, lab.web1, engine),
            *live.black_hole(running, lab.web2, lab.web1, engine),
        ]


def kills(lab: Lab, engine: str, variables: dict[str, str]) -> list[Figure]:
    with stack(**variables) as running:
        live.register(running, lab)
        report = Torment(running, lab.web1, seed=1).run(KILLS)
    against = f"{sum(report.kills.values())} kills, {len(report.accepted)} operations"
    print(report, file=sys.stderr)
    return [
        Figure("accepted operations lost", engine, len(report.lost), "", against, 0),
        Figure("containers acted on twice", engine, len(report.twice), "", against, 0),
        Figure("containers with an untrue outcome", engine, len(report.untrue), "", against, 0),
        Figure("operations active after 60 s", engine, len(report.stuck), "", against, 0),
    ]


def show(figures: list[Figure]) -> None:
    for figure in figures:
        goal = "" if figure.goal is None else f"<= {figure.goal:g}"
        mark = "ok" if figure.reached else "MISSED"
        print(
            f"{figure.name:48} {figure.engine:20} {figure.value:9.2f} {figure.unit:3} "
            f"{goal:8} {mark:7} against {figure.against}"
        )
    path = Path("var/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2))


if __name__ == "__main__":
    sys.exit(main())
