"""A worker killed at every step of every flow, and at random moments; then what is left is judged.

The steps are those that a run itself writes down, so that a new one is met without being named.
"""

from __future__ import annotations

import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils import timezone
from django_q.models import OrmQ

from provisioning import engine
from provisioning.engine.errors import EngineError
from provisioning.models import Operation, Quarantine
from provisioning.operations.contract import VerbError
from sites.models import Domain, Site
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import words
from tests.provisioning.site_runs.flows import Flow, Ground
from tests.provisioning.site_runs.killing import (
    found_after_s,
    killed_after,
    killed_at,
    run_through,
    taken_over,
)
from tests.provisioning.site_runs.world import World, differences, world

RECOVERED_S: Final = 60.0
SWEEP_S: Final = 5.0  # between two looks of the monitor, at the most
_COUNTED: Final = re.compile(r"(?<=-web-)\d+|(?<=/releases/)\d+|(?<=/corner-)\d+")
# What the project of others has, and the folders that a first one makes and the last one leaves.
_ELSEWHERE: Final = re.compile(r"olden|^file d \d+ /srv/(sites|\.quarantine)$")


@dataclass(frozen=True)
class Kill:
    flow: str
    place: str
    status: str
    recovered_s: float
    problems: list[str]

    def __str__(self) -> str:
        verdict = "; ".join(self.problems) or "ok"
        return (
            f"{self.flow:27} {self.place:32} {self.status:10} {self.recovered_s:5.1f} s  {verdict}"
        )


@dataclass
class Known:
    """What a run that nobody kills does: its steps, how long it takes, the host afterwards."""

    places: list[str]
    took_s: float
    shape: set[str]


@dataclass
class Tally:
    kills: list[Kill] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{'':27} kills  finished  undone  wrong  recovered within"]
        for flow in dict.fromkeys(one.flow for one in self.kills):
            mine = [one for one in self.kills if one.flow == flow]
            count = Counter("finished" if one.status == "succeeded" else "undone" for one in mine)
            wrong = sum(bool(one.problems) for one in mine)
            longest = max(one.recovered_s for one in mine)
            lines.append(
                f"{flow:27} {len(mine):5}  {count['finished']:8}  {count['undone']:6}  {wrong:5}"
                f"  {longest:14.1f} s"
            )
        wrong = sum(bool(one.problems) for one in self.kills)
        return "\n".join([*lines, f"{'together':27} {len(self.kills):5}  {wrong} wrong"])


class Reaper:
    """Kills on one host, on which nobody else works."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._known: dict[str, Known] = {}

    def everywhere(self, flow: Flow) -> Iterator[Kill]:
        """Before and after each of its steps; of one that fails, those of taking it back."""
        for place in self.known(flow).places:
            yield self._kill(flow, place)

    def sometime(self, flow: Flow, chance: random.Random) -> Kill:
        seconds = chance.uniform(0, self.known(flow).took_s)
        return self._kill(flow, f"after {seconds:.2f} s", seconds=seconds)

    def known(self, flow: Flow) -> Known:
        if flow.name not in self._known:
            operation = self._begun(flow)
            before = time.monotonic()
            run_through(operation, breaks=flow.breaks)
            took_s = time.monotonic() - before
            if operation.status == "succeeded":
                flow.after(self.ground)
            shape = shape_of(world(self.ground.host))
            self._known[flow.name] = Known(places_of(operation), took_s, shape)
        return self._known[flow.name]

    def _begun(self, flow: Flow) -> Operation:
        OrmQ.objects.all().delete()  # bells that nobody is there to hear
        return flow.begin(self.ground)

    def _kill(self, flow: Flow, place: str, *, seconds: float | None = None) -> Kill:
        operation = self._begun(flow)
        before, rows = world(self.ground.host), rows_of()
        if seconds is None:
            killed = killed_at(operation, place, breaks=flow.breaks)
        else:
            killed = killed_after(operation, seconds, breaks=flow.breaks)
        operation.refresh_from_db()
        waits_s = found_after_s(operation) + SWEEP_S if operation.is_active else 0.0
        begun = timezone.now()
        taken_over(operation, breaks=flow.breaks)
        recovered_s = waits_s + (timezone.now() - begun).total_seconds()
        problems = [] if killed or seconds is not None else ["was not killed there"]
        if recovered_s > RECOVERED_S:
            problems.append("took too long")
        problems += self._judged(flow, operation, before, rows)
        problems += self._again(flow, operation)
        return Kill(flow.name, place, operation.status, recovered_s, problems)

    def _judged(
        self, flow: Flow, operation: Operation, before: World, rows: list[str]
    ) -> list[str]:
        there = world(self.ground.host)
        if operation.is_active:
            return ["has not ended"]
        if operation.status != "succeeded":
            found = differences(before, there) + [f"row: {one}" for one in changed(rows, rows_of())]
            return [f"not as before: {', '.join(found)}: {words(operation)}"] if found else []
        try:
            flow.after(self.ground)
        except AssertionError as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            return [f"not as after: {line} {error}"]
        if flow.touches_nothing and (found := differences(before, there)):
            return [f"has touched {', '.join(found)}"]
        odd = shape_of(there) ^ self.known(flow).shape
        return [f"not as after: {', '.join(sorted(odd))}"] if odd else []

    def _again(self, flow: Flow, operation: Operation) -> list[str]:
        """The same once more changes nothing, whether it is refused or ends like the first."""
        before, rows = world(self.ground.host), rows_of()
        try:
            again = engine.retry(operation, actor=COMMAND, confirm_name=operation.target_name)
            run_through(again, breaks=flow.breaks)
        except (EngineError, VerbError):
            pass
        found = differences(before, world(self.ground.host)) + changed(rows, rows_of())
        return [f"a second run changes {', '.join(found)}"] if found else []


def places_of(operation: Operation) -> list[str]:
    """A step that failed is never past its end. Of a run that failed, what came up to there is
    that of a good one."""
    steps = list(operation.steps.values_list("name", "status"))
    failed = next((at for at, (_, status) in enumerate(steps) if status == "failed"), 0)
    return [
        f"{name}/{when}"
        for name, status in steps[failed:]
        for when in ("before", "after")
        if when == "before" or status == "succeeded"
    ]


def shape_of(there: World) -> set[str]:
    """What is the same after each good run: all but ids, secrets and numbers that go on."""
    texts = [
        *(f"container {name} {rest.split()[1]}" for name, rest in there.containers.items()),
        *(f"network {name}" for name in there.networks),
        *(f"volume {name}" for name in there.volumes),
        *(f"file {name}" for name in there.files),
        f"vhosts {there.vhosts}",
    ]
    return {_COUNTED.sub("N", text) for text in texts if not _ELSEWHERE.search(text)}


def rows_of() -> list[str]:
    """What we know of sites, but for releases that are none yet or failed."""
    sites = [
        f"{row.name} {row.stage} {row.managed} {row.working_dir} "
        + " ".join(f"{one.number}:{one.status}" for one in row.releases.order_by("number")
                   if one.status in ("current", "past"))
        for row in Site.objects.order_by("name")
    ]  # fmt: skip
    domains = [f"{row.name} {row.service}:{row.port}" for row in Domain.objects.order_by("name")]
    kept = [f"{row.name} {row.volumes} {row.folder}" for row in Quarantine.objects.order_by("pk")]
    return sites + domains + kept


def changed(before: list[str], after: list[str]) -> list[str]:
    return sorted(set(before) ^ set(after))
