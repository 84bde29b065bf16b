"""One run: what each question meets, then every check by itself, until one answer is wrong."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.test.runner import DiscoverRunner
from django.test.utils import setup_test_environment

from siteflow.api import api
from siteflow.feed import FeedLayer
from tests.mutations import hook
from tests.mutations.display import DISPLAY
from tests.mutations.finding import Check
from tests.mutations.switch import switch
from tests.siteflow.matrix import asking, listening
from tests.siteflow.matrix.asking import Cell
from tests.siteflow.matrix.cells import cells_for
from tests.siteflow.matrix.visitors import VISITORS, Visitor
from tests.siteflow.matrix.world import World, surroundings, world_in_a_transaction
from tests.siteflow.test_hub import installed

# Who notices most comes first.
_FIRST: Final = (
    "no role", "operator of this site", "viewer", "anonymous",
    "read token", "looker", "admin of this host", "no second factor, session",
    "disabled, session", "foreign form",
)  # fmt: skip

_OF_A_SAMPLE: Final = 4


class Run:
    def __init__(self, *, sample: bool, only: str) -> None:
        self.sample, self.only = sample, only
        self.killed: dict[str, str] = {}
        self.survivors: list[Check] = []
        self.unmet: list[Check] = []
        self.displayed: list[Check] = []
        self.broken: list[str] = []
        self._met: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
        self._heard: dict[str, list[Visitor]] = defaultdict(list)
        rank = {name: number for number, name in enumerate(_FIRST)}
        order = sorted(VISITORS, key=lambda one: rank.get(one.name, len(rank)))
        self._visitors = order[:_OF_A_SAMPLE] if sample else order

    def all(self) -> None:
        setup_test_environment()
        DiscoverRunner(verbosity=0, interactive=False).setup_databases()
        connection.settings_dict["CONN_MAX_AGE"] = 0
        folder = Path(tempfile.mkdtemp(prefix="siteflow-mutations-"))
        layer = FeedLayer(path=folder / "feed.sqlite3", bus=folder / "bus", poll_s=0.05)
        try:
            with installed(layer):
                with world_in_a_transaction() as world:
                    self._over_http(world)
                if not self.sample and not self.broken:
                    with surroundings():
                        self._over_sockets(World(), folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._settle()

    # -- over HTTP -----------------------------------------------------------------------------

    def _over_http(self, world: World) -> None:
        with _noting(self._met):
            for visitor in self._visitors:
                cells = cells_for(visitor, world)
                self.broken += asking.problems_of(world, visitor, cells)
        if self.broken:
            return
        for check in self._chosen():
            with _off(check.name):
                if wrong := self._wrong_over_http(world, check):
                    self._note(check, wrong)
        self._without_login(world)

    def _wrong_over_http(self, world: World, check: Check) -> str:
        met = self._met.get(check.name, {})
        for visitor in self._visitors:
            if cells := met.get(visitor.name):
                for wrong in asking.problems_of(world, visitor, cells):
                    return wrong
        return ""

    def _without_login(self, world: World) -> None:
        """Each operation of the API as if it asked nobody who they are."""
        anonymous = next(one for one in VISITORS if one.way == "none")
        cells = list(cells_for(anonymous, world))
        for router in api._get_bound_routers():
            for path, view in router.path_operations.items():
                for operation in view.operations:
                    if operation.auth_callbacks and self.only in "auth=":
                        self._without_auth(world, anonymous, cells, operation, path)

    def _without_auth(
        self, world: World, anonymous: Visitor, cells: list[Cell], operation: Any, path: str
    ) -> None:
        name = f"auth= of {operation.methods[0]} {operation.view_func.__name__} {path}"
        check = Check(name, "auth", path, name)
        kept, operation.auth_callbacks = operation.auth_callbacks, []
        try:
            method = operation.methods[0].lower()
            asked = [one for one in cells if one.method == method and not one.row.page]
            wrong = next(iter(asking.problems_of(world, anonymous, asked)), "")
        finally:
            operation.auth_callbacks = kept
        if wrong:
            self._note(check, wrong)
        else:
            self.survivors.append(check)

    # -- over sockets --------------------------------------------------------------------------

    def _over_sockets(self, world: World, folder: Path) -> None:
        connection.close()
        database = Path(str(settings.DATABASES["default"]["TEST"]["NAME"]))
        copy = folder / "before.sqlite3"
        shutil.copy(database, copy)
        for visitor in self._visitors:
            switch.met.clear()
            self.broken += self._listened(world, visitor)
            for name in switch.met:
                self._heard[name].append(visitor)
        for check in self._chosen():
            if check.name not in self.killed and check.name in self._heard:
                with _off(check.name):
                    if wrong := self._wrong_over_sockets(world, check):
                        self._note(check, wrong)
                connection.close()
                for suffix in ("-wal", "-shm"):
                    Path(f"{database}{suffix}").unlink(missing_ok=True)
                shutil.copy(copy, database)

    def _wrong_over_sockets(self, world: World, check: Check) -> str:
        for visitor in self._heard[check.name]:
            for wrong in self._listened(world, visitor):
                return wrong
        return ""

    def _listened(self, world: World, visitor: Visitor) -> list[str]:
        async def limited() -> list[str]:
            async with asyncio.timeout(60):
                return [line async for line in listening.problems_of(world, visitor)]

        try:
            return asyncio.run(limited())
        except Exception as error:  # a socket that falls silent is noticed as well
            return [f"{visitor}: {error!r}"]

    # -- the result ----------------------------------------------------------------------------

    def _chosen(self) -> list[Check]:
        if self.sample:
            return [one for one in hook.checks if any(_matches(one, line) for line in SAMPLE)]
        return [one for one in hook.checks if self.only in one.name and not _why(one)]

    def _note(self, check: Check, wrong: str) -> None:
        self.killed[check.name] = wrong
        print(".", end="", flush=True)

    def _settle(self) -> None:
        if self.sample and len(self._chosen()) < len(SAMPLE):
            self.broken.append("the sample names a check that is no more")
        for check in self._chosen():
            if check.name not in self.killed:
                met = check.name in self._met or check.name in self._heard
                (self.survivors if met else self.unmet).append(check)
        self.displayed = [one for one in hook.checks if _why(one)]
        self.broken += [
            f"matches no check any more: {line}"
            for line in DISPLAY
            if not self.sample and not any(_matches(one, line) for one in hook.checks)
        ]

    def summary(self) -> str:
        lines = ["", *(f"BROKEN {line}" for line in self.broken)]
        lines += [f"SURVIVED {check.name}" for check in self.survivors]
        lines += [f"NEVER MET {check.name}" for check in self.unmet]
        number = len(self.killed) + len(self.survivors) + len(self.unmet)
        return "\n".join(lines) + (
            f"\n{number} checks turned off: {len(self.killed)} noticed, {len(self.survivors)} "
            f"survived, {len(self.unmet)} never met; {len(self.displayed)} only for display"
        )


# One of each kind, which some of the first visitors must notice.
SAMPLE: Final = (
    ("provisioning/acting.py", "asks: may_on"),
    ("sites/api.py", "needs: need(request.user, 'sites.view_container')"),
    ("sites/rows.py", "rows: Container.objects.visible_to"),
    ("sites/models/host.py", "reach: reach("),
    ("siteflow/accounts/views/tokens.py", "owner: get_object_or_404"),
    ("siteflow/accounts/views/account.py", "decorator: login_required"),
    ("sites/admin/reading.py", "closed: has_add_permission"),
    ("sites/answers.py", "refusal: if not may_somewhere"),
)


def _why(check: Check) -> str:
    return next((line[2] for line in DISPLAY if _matches(check, line)), "")


def _matches(check: Check, line: tuple[str, ...]) -> bool:
    return check.path == line[0] and line[1] in check.name


@contextmanager
def _off(name: str) -> Iterator[None]:
    switch.active = name
    try:
        yield
    finally:
        switch.active = ""


@contextmanager
def _noting(met: dict[str, dict[str, list[Cell]]]) -> Iterator[None]:
    """Notes which checks each question meets."""
    ask = asking.ask

    def noted(world: World, visitor: Visitor, cell: Cell) -> Any:
        switch.met.clear()
        answer = ask(world, visitor, cell)
        for name in switch.met:
            met[name][visitor.name].append(cell)
        return answer

    asking.ask = noted
    try:
        yield
    finally:
        asking.ask = ask
