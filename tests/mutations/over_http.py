"""Asks the matrix over HTTP what it notices while checks are turned off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from siteflow.api import api
from tests.mutations.finding import Check
from tests.mutations.switch import switch
from tests.mutations.who import Chosen
from tests.siteflow.matrix import asking
from tests.siteflow.matrix.asking import Cell
from tests.siteflow.matrix.cells import cells_for
from tests.siteflow.matrix.visitors import VISITORS, Visitor
from tests.siteflow.matrix.world import World

Cells = dict[str, dict[str, dict[int, Cell]]]  # by check and visitor


class OverHttp:
    """First asks everything, to learn in which cells each check makes a difference."""

    def __init__(self, world: World, chosen: Chosen) -> None:
        self._world, self._visitors = world, [visitor for visitor, _ in chosen]
        self._met: set[str] = set()
        self._refused: Cells = defaultdict(lambda: defaultdict(dict))
        self.broken: list[str] = []
        with self._noting():
            for visitor, wanted in chosen:
                cells = wanted(list(cells_for(visitor, world)))
                self.broken += asking.problems_of(world, visitor, cells)

    def meets(self, check: str) -> bool:
        return check in self._met

    def wrong(self, *checks: str) -> str:
        """The first answer that is wrong with these turned off."""
        with switch.off(*checks):
            for visitor in self._visitors:
                if cells := self._cells(checks, visitor):
                    for wrong in asking.problems_of(self._world, visitor, cells):
                        return wrong
        return ""

    def _cells(self, checks: tuple[str, ...], visitor: Visitor) -> list[Cell]:
        found: dict[int, Cell] = {}
        for check in checks:
            found |= self._refused[check][visitor.name]
        return list(found.values())

    @contextmanager
    def _noting(self) -> Iterator[None]:
        ask = asking.ask

        def noted(world: World, visitor: Visitor, cell: Cell) -> Any:
            switch.forget()
            answer = ask(world, visitor, cell)
            self._met |= set(switch.met)
            for name in switch.refused():
                self._refused[name][visitor.name][id(cell)] = cell
            return answer

        asking.ask = noted
        try:
            yield
        finally:
            asking.ask = ask

    def without_login(self) -> Iterator[tuple[Check, str]]:
        """Each operation of the API as if it asked nobody who they are; and what is wrong then."""
        anonymous = next(one for one in VISITORS if one.way == "none")
        cells = [one for one in cells_for(anonymous, self._world) if not one.row.page]
        for router in api._get_bound_routers():
            for path, view in router.path_operations.items():
                for operation in view.operations:
                    if operation.auth_callbacks:
                        asked = [one for one in cells if one.method in _methods(operation)]
                        yield self._without_auth(anonymous, asked, operation, path)

    def _without_auth(
        self, anonymous: Visitor, cells: list[Cell], operation: Any, path: str
    ) -> tuple[Check, str]:
        name = f"auth= of {operation.methods[0]} {operation.view_func.__name__} {path}"
        kept, operation.auth_callbacks = operation.auth_callbacks, []
        try:
            wrong = next(iter(asking.problems_of(self._world, anonymous, cells)), "")
        finally:
            operation.auth_callbacks = kept
        return Check(name, "auth", path, name), wrong


def _methods(operation: Any) -> set[str]:
    return {method.lower() for method in operation.methods}
