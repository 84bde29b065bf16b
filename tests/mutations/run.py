"""One run: every check by itself, then the groups of locks, until one answer is wrong."""

from __future__ import annotations

import gc
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.test.runner import DiscoverRunner
from django.test.utils import setup_test_environment

from siteflow.feed import FeedLayer
from tests.mutations import hook
from tests.mutations.display import DISPLAY
from tests.mutations.finding import Check
from tests.mutations.locks import LOCKS, Line, Names, cases, faults
from tests.mutations.over_http import OverHttp
from tests.mutations.over_sockets import OverSockets
from tests.mutations.result import Result
from tests.mutations.who import EVERYTHING, FIRST, OF_A_SAMPLE, Chosen
from tests.siteflow.matrix.visitors import VISITORS
from tests.siteflow.matrix.world import World, surroundings, world_in_a_transaction
from tests.siteflow.test_hub import installed

# One of each kind, which some of the first visitors must notice.
SAMPLE: Final[tuple[Line, ...]] = (
    ("provisioning/acting.py", "asks: may_on"),
    ("sites/api.py", "needs: need(request.user, 'sites.view_container')"),
    ("sites/rows.py", "rows: Container.objects.visible_to"),
    ("sites/models/host.py", "reach: reach("),
    ("siteflow/accounts/views/tokens.py", "owner: get_object_or_404"),
    ("siteflow/accounts/views/account.py", "decorator: login_required"),
    ("audit/read_only.py", "closed: has_add_permission"),
    ("sites/answers.py", "refusal: if not may_somewhere"),
)


class Run:
    """``part`` of ``parts``: which share of the checks this process looks at."""

    def __init__(self, *, sample: bool, only: str, part: int = 0, parts: int = 1) -> None:
        self._sample, self._only, self._part, self._parts = sample, only, part, parts
        self.result = Result()
        self._asked: list[OverHttp | OverSockets] = []
        self._together: dict[Names, str] = {}

    def all(self) -> Result:
        gc.set_threshold(100_000, 50, 50)  # few of the many objects of a request are in circles
        setup_test_environment()
        DiscoverRunner(verbosity=0, interactive=False).setup_databases()
        connection.settings_dict["CONN_MAX_AGE"] = 0
        folder = Path(tempfile.mkdtemp(prefix="siteflow-mutations-"))
        layer = FeedLayer(path=folder / "feed.sqlite3", bus=folder / "bus", poll_s=0.05)
        try:
            with installed(layer):
                with world_in_a_transaction() as world:
                    self._over_http(world, OF_A_SAMPLE if self._sample else FIRST)
                if not self._sample:
                    with surroundings():
                        self._further(World(), folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._settle()
        return self.result

    def _over_http(self, world: World, chosen: Chosen) -> None:
        asked = OverHttp(world, chosen)
        self._look(asked)
        for check, wrong in asked.without_login() if self._has("auth=") else ():
            self._note(check.name, wrong, also=self.result.survived)

    def _further(self, world: World, folder: Path) -> None:
        """What these miss is looked for over sockets, then by all visitors with all questions."""
        self._look(OverSockets(world, [visitor for visitor, _ in FIRST], folder))
        if left := self._left():
            print("\nAll visitors are asked about:", *left, sep="\n  ", flush=True)
            self._look(OverSockets(world, VISITORS, folder))
            with transaction.atomic():
                self._look(OverHttp(world, EVERYTHING))
                transaction.set_rollback(True)

    def _left(self) -> list[str]:
        """A group is proven only by what nobody at all notices."""
        locked = [name for names in self._groups() for name in names]
        found = self.result.noticed
        return locked + [one.name for one in self._chosen() if one.name not in found]

    def _look(self, asked: OverHttp | OverSockets) -> None:
        self.result.broken += asked.broken
        print(*(f"\nBROKEN {one}" for one in asked.broken), end="", flush=True)
        self._asked.append(asked)
        for check in self._chosen():
            if check.name not in self.result.noticed and asked.meets(check.name):
                self._note(check.name, asked.wrong(check.name))
        for off in (off for names in self._groups() for off in cases(names)):
            if wrong := asked.wrong(*off):
                self._together[off] = wrong

    def _note(self, name: str, wrong: str, *, also: list[str] | None = None) -> None:
        if wrong:
            self.result.noticed.setdefault(name, wrong)
            print(".", end="", flush=True)
        elif also is not None:
            also.append(name)

    # -- groups of locks -----------------------------------------------------------------------

    def _groups(self) -> Iterator[list[str]]:
        for group in () if self._sample else LOCKS:
            names = [one.name for one in hook.checks if _is_one_of(one, group.checks)]
            if self._is_mine(str(names)) and any(self._only in name for name in names):
                yield names

    def _prove(self) -> None:
        for names in self._groups():
            self.result.broken += faults(names, self._together)
        locked = [one.name for group in LOCKS for one in hook.checks
                  if _is_one_of(one, group.checks)]  # fmt: skip
        self.result.locked = [one for one in self.result.survived if one in locked]
        self.result.survived = [one for one in self.result.survived if one not in locked]

    # -- the result ----------------------------------------------------------------------------

    def _chosen(self) -> list[Check]:
        if self._sample:
            return [one for one in hook.checks if _is_one_of(one, SAMPLE)]
        return [one for one in hook.checks if self._has(one.name) and not _is_display(one)]

    def _has(self, name: str) -> bool:
        return self._only in name and self._is_mine("" if name == "auth=" else name)

    def _is_mine(self, name: str) -> bool:
        return zlib.crc32(name.encode()) % self._parts == self._part

    def _settle(self) -> None:
        for check in self._chosen():
            if check.name not in self.result.noticed:
                met = any(asked.meets(check.name) for asked in self._asked)
                (self.result.survived if met else self.result.unmet).append(check.name)
        self._prove()
        self.result.displayed = [
            one.name for one in hook.checks if _is_display(one) and self._is_mine(one.name)
        ]
        if self._part == 0:
            self.result.broken += self._stale()

    def _stale(self) -> Iterator[str]:
        """Lines of the tables that match no check any more."""
        lines: list[Any] = list(SAMPLE)
        if not self._sample:  # which does not load everything
            lines += [*DISPLAY, *(line for group in LOCKS for line in group.checks)]
        for line in lines:
            if not any(_matches(one, line) for one in hook.checks):
                yield f"matches no check any more: {line}"


def _is_display(check: Check) -> bool:
    return _is_one_of(check, DISPLAY)


def _is_one_of(check: Check, lines: Iterable[tuple[str, ...]]) -> bool:
    return any(_matches(check, line) for line in lines)


def _matches(check: Check, line: tuple[str, ...]) -> bool:
    return check.path == line[0] and line[1] in check.name
