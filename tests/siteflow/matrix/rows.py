"""Classes of answers, and what each of them is for whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from tests.siteflow.matrix.visitors import Visitor

Which = Literal["own", "foreign", "missing"]
Code = int | str  # a status, or "login" and "hold" for a redirect to where that is done


@dataclass(frozen=True)
class Row:
    """One method of one address. ``sees`` and ``needs`` are abilities of `visitors.py`, all of
    which one must have.

    Who cannot see the thing gets ``hidden``, who sees it but lacks what it needs ``refused``, all
    others ``status``. ``place`` says where one must hold what it needs: for the thing itself,
    for anything at all, or for everything there is.
    """

    status: Code
    sees: str = ""
    needs: str = ""
    place: Literal["thing", "somewhere", "everywhere"] = "thing"
    kind: str = ""  # of the thing that the address or the body names
    body: Any = None
    changes: bool = False
    ends: bool = False  # the visitor's own login, which is put back for the other questions
    hidden: Code = 404
    refused: Code = 403
    door: str = ""  # held for everything, or one is told nothing, not even that a thing is missing
    rights_first: bool = False  # who lacks the right is not told whether there is such a thing
    # The foreign account is a superuser's, which only such may touch; the foreign role is one of
    # the three that nobody may remove.
    spared: Literal["", "superuser", "built in", "always"] = ""
    spared_code: Code = 403
    prepare: str = ""
    open: bool = False  # nobody has to be logged in
    page: bool = False  # of the console: whoever is not let in is sent to log in
    own_account: bool = False  # a page of one's own account, for which no role is needed
    outside: Code = "login"  # what a page answers to who is not let in
    while_held: frozenset[str] = frozenset()  # accounts that have to come here first
    # Of questions that are asked beside the plain ones:
    query: Any = None
    told: tuple[tuple[str, Code], ...] = ()  # words of an accepted answer, and what they come to
    by: str = ""  # the only visitor who asks
    of: tuple[Which, ...] = ("own", "foreign", "missing")

    def answer(self, visitor: Visitor, which: Which, method: str) -> Code:
        verdict = self.verdict(visitor, which, method)
        if isinstance(verdict, bool):
            return self.status if verdict else self.refused
        return verdict

    def verdict(self, visitor: Visitor, which: Which, method: str) -> Code | bool:
        """True for who may, False for who is refused, else the answer to who comes no further."""
        if visitor.forged and method != "get" and (self.page or not self.open):
            return 403
        if stopped := self._stopped(visitor):
            return stopped
        if self.door and not visitor.can_somewhere(self.door):
            return 403
        allowed = self._is_allowed(visitor, which)
        if self.rights_first and not allowed:
            return False
        if not self._is_seen(visitor, which):
            return self.hidden
        return self.spared_code if allowed and self._is_spared(visitor, which) else allowed

    def _is_spared(self, visitor: Visitor, which: Which) -> bool:
        if not self.spared or (which != "foreign" and self.spared != "always"):
            return False
        return self.spared == "built in" or visitor.account != "root"

    def _stopped(self, visitor: Visitor) -> Code:
        if not self.page:
            return 0 if self.open else {"": 0, "nobody": 401, "held": 403}[visitor.stopped]
        logged_in = visitor.way == "session" and visitor.stopped != "nobody"
        if logged_in and visitor.stopped == "held" and visitor.account not in self.while_held:
            return "hold"
        if self.open or (logged_in and (self.own_account or visitor.has_role)):
            return 0
        return self.outside

    def _is_seen(self, visitor: Visitor, which: Which) -> bool:
        if not self.sees:
            return which != "missing" or (self.hidden == self.status and not self.changes)
        if self.sees == "mine":
            return is_mine(visitor, self.kind, which)
        return which != "missing" and visitor.can(self.sees, self.kind, which)

    def _is_allowed(self, visitor: Visitor, which: Which) -> bool:
        if self.needs == "tokens":  # one's own, which a token manages only with that scope
            return visitor.scopes is None or "accounts" in visitor.scopes
        return all(self._holds(visitor, ability, which) for ability in self.needs.split())

    def _holds(self, visitor: Visitor, ability: str, which: Which) -> bool:
        if ability == "nobody":
            return False
        if self.place == "somewhere":
            return visitor.can_somewhere(ability)
        if self.place == "everywhere":
            return visitor.can(ability)
        return visitor.can(ability, self.kind, which)


def is_mine(visitor: Visitor, kind: str, which: Which) -> bool:
    """Each account has a token and a login; only admins have wizards."""
    return which == "own" and (kind != "wizard" or visitor.account in ("admin", "root"))


# -- the API ---------------------------------------------------------------------------------

OPEN: Final = Row(200, open=True)
LIST: Final = Row(200, needs="look", place="somewhere")
OPERATIONS: Final = replace(LIST, needs="operations")
AUDIT: Final = replace(LIST, needs="audit")
ONE: Final = Row(200, sees="look")  # what one may not see is not there
ONE_OPERATION: Final = replace(ONE, sees="operations")
ADMINS: Final = Row(200, needs="manage", place="everywhere")
AUDIT_KEEPERS: Final = Row(200, needs="keep_audit", place="everywhere")
# Whoever manages channels manages all of them; nobody else learns that there are any.
CHANNELS: Final = Row(200, needs="channels", place="everywhere")
ONE_CHANNEL: Final = replace(CHANNELS, kind="channel", rights_first=True)
ONE_DELIVERY: Final = replace(CHANNELS, kind="delivery", rights_first=True)
OWN_LIST: Final = Row(200)  # of one's own things only: whoever is logged in
OWN: Final = Row(200, sees="mine")


def everybody(status: int, body: Any = None) -> Row:
    return Row(status, body=body, open=True)


def operate(body: Any = None, *, needs: str = "operate", prepare: str = "") -> Row:
    """Acts on a thing that one sees."""
    return Row(202, sees="look", needs=needs, body=body, changes=True, prepare=prepare)


def plan(needs: str, body: Any = None, *, kind: str = "") -> Row:
    """Reads something about a thing that one sees, for which seeing it is not enough."""
    return Row(200, sees="look", needs=needs, body=body, kind=kind)


def of_operation(prepare: str = "") -> Row:
    """Ends an operation that one sees, or asks for it again."""
    return Row(202, sees="operations", needs="cancel", changes=True, prepare=prepare)


def manage(status: int, body: Any = None, *, hidden: int = 404, prepare: str = "") -> Row:
    """Changes what there is; ``hidden`` 403: it is no thing yet."""
    if hidden == 403:
        return Row(status, needs="manage", place="everywhere", body=body, changes=True)
    return Row(status, sees="look", needs="manage", body=body, changes=True, prepare=prepare)


def of_template(status: int, body: Any = None) -> Row:
    """Whoever sees any site sees all templates; one's own are changed by who manages everything."""
    if body is None:
        return Row(status, sees="look", kind="slug")
    return Row(
        status, sees="look", needs="manage", place="everywhere", kind="slug", body=body,
        changes=True,
    )  # fmt: skip


def own(body: Any = None, *, needs: str = "manage", prepare: str = "") -> Row:
    """A move in one's own wizard, for which one needs the right at each step."""
    return Row(
        200, sees="mine", needs=needs, place="everywhere", body=body, changes=True,
        prepare=prepare,
    )  # fmt: skip


# -- pages -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Both methods of a page of the console."""

    get: Row
    post: Row


def page(row: Row, **changes: Any) -> Row:
    return replace(row, page=True, **changes)


# -- verbs -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class VerbRow:
    needs: str
    params: dict[str, Any] = field(default_factory=dict)
    confirm: bool = False
    everywhere: bool = False
    prepare: str = ""
    status: int = 202
    sees: str = "look"

    def asked(self, kind: str) -> Row:
        """Of whoever asks for it on a thing of this kind; "": it has no target yet."""
        return Row(
            self.status, sees=self.sees if kind else "", needs=self.needs, kind=kind,
            place="everywhere" if self.everywhere or not kind else "thing",
            changes=self.status < 400, prepare=self.prepare,
        )  # fmt: skip
