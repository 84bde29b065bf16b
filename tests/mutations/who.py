"""Who asks, and what of it: first those who notice most, and all of them if anything is missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.siteflow.matrix.asking import Cell
from tests.siteflow.matrix.visitors import VISITORS, Visitor

Wanted = Callable[[list[Cell]], list[Cell]]
Chosen = Sequence[tuple[Visitor, Wanted]]
_EACH: Final = 7


def _all(cells: list[Cell]) -> list[Cell]:
    return cells


def _of_api(cells: list[Cell]) -> list[Cell]:
    """No page lets in who comes by a token."""
    return [cell for cell in cells if not cell.row.page]


def _some(cells: list[Cell]) -> list[Cell]:
    """Enough of who gets the same answer everywhere."""
    return cells[::_EACH]


_FIRST: Final[dict[str, Wanted]] = {
    "no role": _all,
    "operator of this site": _all,
    "viewer": _all,
    "anonymous": _all,
    "read token": _of_api,
    "looker": _all,
    "admin of this host": _all,
    "registrar": _all,
    "clerk of accounts": _all,
    "giver of roles": _all,
    "maker of accounts": _all,
    "changer of accounts": _all,
    "viewer, operator of this site": _all,
    "operate token": _of_api,
    "manage token": _of_api,
    "foreign form": _all,
    "no second factor, session": _all,
    "no second factor, token": _some,
    "disabled, session": _some,
    "disabled, login": _some,
    "disabled, token": _some,
    "ended login": _some,
    "forged login": _some,
    "refresh token": _some,
    "revoked token": _some,
    "admin": _all,
}
_BY_NAME: Final = {visitor.name: visitor for visitor in VISITORS}
FIRST: Final[Chosen] = [(_BY_NAME[name], wanted) for name, wanted in _FIRST.items()]
OF_A_SAMPLE: Final[Chosen] = FIRST[:4]
EVERYTHING: Final[Chosen] = [(visitor, _all) for visitor in VISITORS]
