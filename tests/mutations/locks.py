"""Checks that stand behind each other: with one of them turned off, another still refuses.

The run proves each group: with all of its checks off but any single one nobody misses anything,
with all of them off somebody does. A group of which that is not true fails the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Line = tuple[str, str]  # file, part of the check's name
Names = tuple[str, ...]


@dataclass(frozen=True)
class Locks:
    """``why`` each of them is wanted although the others are there."""

    why: str
    checks: tuple[Line, ...]


LOCKS: Final[tuple[Locks, ...]] = ()


def cases(names: Sequence[str]) -> Iterator[Names]:
    """What to turn off together: all, and all but each one."""
    yield tuple(names)
    for kept in names:
        yield tuple(name for name in names if name != kept)


def faults(names: Sequence[str], noticed: Mapping[Names, str]) -> Iterator[str]:
    """What is not true of a group. ``noticed``: what was answered wrong with these turned off."""
    together, *all_but_one = cases(names)
    if len(names) < 2:
        yield f"is no group of several checks: {names}"
    if together not in noticed:
        yield f"all turned off and nobody misses them: {names}"
    for kept, off in zip(names, all_but_one, strict=True):
        if off in noticed:
            yield f"does not hold alone: {kept}, as {noticed[off]}"
