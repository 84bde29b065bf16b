"""What a verb is, and what it may ask of the run it is part of. A verb never sees the engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Model
from pydantic import BaseModel, ConfigDict

from audit.record import Actor
from provisioning.drivers.host import HostDriver


class NoParams(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sealed(BaseModel):
    """Parameters that hold secrets a worker needs: kept encrypted until the operation has ended.

    Rows, the audit and whoever follows the operation get what ``told`` says, and nothing else.
    """

    model_config = ConfigDict(extra="forbid")

    def told(self) -> dict[str, Any]:
        raise NotImplementedError


class Op(Protocol):
    """The run of an operation, as a verb sees it."""

    row: Any  # the operation's own row; verbs read it, only the engine writes it
    target: Any
    params: Any
    actor: Actor
    taken_over: bool  # an earlier worker died on this operation

    def step(
        self, name: str, *, percent: int, goes_on: bool = False
    ) -> AbstractContextManager[None]:
        """Journals a step; raises when the operation was cancelled or its deadline has passed.

        What ``goes_on`` is begun all the same: half of it would be worse.
        """

    def advance(self, percent: int) -> None:
        """How far it is within a step that takes long; raises as ``step`` does."""

    def say(self, text: str, *, stream: str = "stdout") -> None:
        """Adds to the output, line by line."""

    def remember(self, **values: Any) -> None:
        """Writes to the journal, at once: what another worker needs if this one dies.

        ``before`` and ``after`` also go into the audit's outcome. ``gone``, a sentence, is written
        in the transaction that removes the target: with it the operation has succeeded.
        """

    def recall(self, key: str) -> Any:
        """What was remembered, by this worker or the one before; None when it was not."""

    def conclude(self, message: str, **result: Any) -> None:
        """The sentence people read when the operation succeeded, and its result."""


class VerbError(Exception):
    """A verb cannot or may not do what was asked; nothing was changed by the line that raises."""

    def __init__(self, message: str, *, code: str, field: str = "", status: int = 409) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.status = status
        self.details: dict[str, Any] = {}


class Undone(VerbError):
    """What was begun failed and was taken back: all is as it was. ``now`` says so in a sentence."""

    def __init__(self, error: Any, now: str) -> None:
        super().__init__(f"{error.message.removesuffix('.')}. {now}", code=error.code)
        self.advice: str = getattr(error, "advice", "")


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done.

    ``deadline_s`` counts from the start of the run. ``inline`` verbs touch only our own rows and
    end within the transaction that accepts them. ``finds_own_way``: gets no ready
    driver, as it tests the way itself. ``confirm`` asks for the target's typed name.
    ``when`` names the states in which a console offers the verb; empty means always. ``on`` is the
    kind of target where the verb's name begins with another word, as in "proxy.sync" on a host.
    ``apart`` names the part of its target that it holds, when that is not the whole of it: then it
    runs beside others. ``alone``: not while a site of its host is worked on, or something is
    made of its images, volumes and networks (``builds``), nor the other way round. ``typed`` is
    the parameter whose value is typed to confirm, in place of the target's name: what goes is a
    part of the target, not the target.
    ``judge`` looks at target and parameters before anything is accepted, without asking a host,
    and raises VerbError.
    """

    kind: str
    label: str
    done: str  # what is said when it succeeded: "restarted"
    target: type[Model] | None
    permission: str
    run: Callable[[Op, HostDriver], None]
    deadline_s: int = 60
    params: type[BaseModel] = NoParams
    confirm: bool = False
    reads_only: bool = False
    inline: bool = False
    finds_own_way: bool = False
    when: frozenset[str] = frozenset()
    on: str = ""
    apart: str = ""
    alone: bool = False
    builds: bool = False
    typed: str = ""
    judge: Callable[[Any, Any], None] | None = None

    @property
    def family(self) -> str:
        """The word that the verb's name begins with."""
        return self.kind.partition(".")[0]

    @property
    def short(self) -> str:
        """The verb alone: "restart" of "container.restart"."""
        return self.kind.partition(".")[2]

    @property
    def name(self) -> str:
        """The verb among all on its target: "restart", or "proxy-sync" where that is not clear."""
        return self.kind.replace(".", "-") if self.on else self.short

    @property
    def target_type(self) -> str:
        return self.on or self.family
