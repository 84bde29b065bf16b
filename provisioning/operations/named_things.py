"""How a thing of a host that Docker knows by a name is made and removed, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import NetworkState, VolumeState
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.thing_labels import NAME_PATTERN, Labels, is_own
from provisioning.things.judging import Seen
from provisioning.things.owning import Owned, owned_on
from sites.rows import EVERYTHING

Thing = TypeVar("Thing", NetworkState, VolumeState)


class NewThing(BaseModel):
    """``labels`` are written NAME=VALUE."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=NAME_PATTERN)
    labels: Labels = []


class OldThing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Thing]):
    """What differs between them. ``told`` is what is kept of a thing that goes, and ``known_by``
    the part of that which no other thing has; ``noted`` are the parameters that a made one is
    told with. ``content`` is what goes along with it, in words."""

    noun: str
    known_by: str
    noted: tuple[str, ...]
    content: str = ""
    find: Callable[[HostDriver, str], Sequence[Thing]]
    make: Callable[[Op, HostDriver], None]
    read: Callable[[HostDriver], Seen]
    of: Callable[[Seen], Sequence[Thing]]
    why_stays: Callable[[Thing, Seen, Owned], str]
    told: Callable[[Thing], dict[str, Any]]
    take_away: Callable[[HostDriver, Thing], None]


def create(op: Op, host: HostDriver, kind: Kind[Thing]) -> None:
    name = op.params.name
    with op.step("Look", percent=20):
        there = kind.find(host, name)
        if any(not is_own(op, one.labels) for one in there):
            words = f"{op.target.name} has a {kind.noun} {name} already."
            raise VerbError(words, code="name_taken", field="name")
    with op.step("Create", percent=50):
        if not there:
            kind.make(op, host)
        noted = {each: getattr(op.params, each) for each in kind.noted}
        op.remember(after={kind.noun: name} | noted)
    op.conclude(f"The {kind.noun} {name} was made on {op.target.name}.")


def remove(op: Op, host: HostDriver, kind: Kind[Thing]) -> None:
    name = op.params.name
    with op.step("Look", percent=20):
        thing = _removable(op, host, kind)
    with op.step("Remove", percent=50):
        if thing is not None:
            op.remember(begun=True)
            _take_away(host, kind, thing)
    with op.step("Check", percent=90):
        if _same(op, kind, kind.find(host, name)):
            raise VerbError(f"The {kind.noun} {name} is still there.", code="not_as_wanted")
        op.remember(after={})
    went = f"and {kind.content} were" if kind.content else "was"
    op.conclude(f"The {kind.noun} {name} {went} removed from {op.target.name}.")


def _removable(op: Op, host: HostDriver, kind: Kind[Thing]) -> Thing | None:
    """None where a worker that died here had it removed already."""
    name, noun, seen = op.params.name, kind.noun, kind.read(host)
    found = _same(op, kind, [one for one in kind.of(seen) if one.name == name])
    if not found and op.recall("begun"):
        return None
    if not found:
        raise VerbError(f"There is no {noun} {name} on {op.target.name}.", code="not_found")
    if len(found) > 1:
        words = f"{op.target.name} has {len(found)} {noun}s {name}: remove one on the host."
        raise VerbError(words, code="conflict")
    before = kind.told(found[0])
    if op.recall("before") not in (None, before):
        raise VerbError(f"{name} is another {noun} by now.", code="changed")
    if why := kind.why_stays(found[0], seen, owned_on(op.target, user=EVERYTHING)):
        raise VerbError(f"The {noun} {name} stays on {op.target.name}. {why}", code="in_use")
    op.remember(before=before)
    return found[0]


def _same(op: Op, kind: Kind[Thing], found: Sequence[Thing]) -> list[Thing]:
    """Those that may be the one which was looked at first."""
    before = op.recall("before")
    key = kind.known_by
    return [one for one in found if not before or kind.told(one)[key] == before[key]]


def _take_away(host: HostDriver, kind: Kind[Thing], thing: Thing) -> None:
    try:
        kind.take_away(host, thing)
    except DriverError as error:
        if error.code != "not_found":
            raise
