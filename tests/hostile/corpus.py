"""Hostile values by family. Where one can run something, it would create its own canary file.

``{canary}`` in a text below becomes that file's path; a script in a page sets ``window.hacked``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.hostile.families import FAMILIES, TELLING

WHOLE, FEW = (os.environ.get("HOSTILE") == word for word in ("all", "few"))
FEW_OF = 15  # one of so many


@dataclass(frozen=True)
class Hostile:
    family: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.family} {self.number}: {self.text[:60]!r}"


class Corpus:
    """All values of one run. The canaries lie in no folder, so that none has to be there."""

    def __init__(self) -> None:
        self.stem: Final = f"/tmp/canary-{uuid.uuid4().hex[:8]}"

    @cached_property
    def values(self) -> list[Hostile]:
        return [value for value in self._made() if not FEW or value.number % FEW_OF == 0]

    def _made(self) -> Iterator[Hostile]:
        number = 0
        for family, texts in FAMILIES.items():
            for text in texts:
                number += 1
                yield Hostile(family, number, text.replace("{canary}", f"{self.stem}-{number}"))

    @property
    def core(self) -> list[Hostile]:
        """What each field gets each time. HOSTILE=all: all."""
        return self.share(0)

    def share(self, number: int) -> list[Hostile]:
        """Three of five, others for each number."""
        return self._part(lambda one: (one.number + number) % 5 < 3)

    def small_share(self, number: int) -> list[Hostile]:
        """One of ten, others for each number, and what readers differ in most: for what is read as
        something that gets three of five is.
        """
        return self._part(lambda one: (one.number + number) % 10 == 0 or one.text in TELLING)

    def page_share(self, number: int) -> list[Hostile]:
        """One of ten, others for each number: a whole page is slow to make."""
        return self._part(lambda one: (one.number + number) % 10 == 0)

    def third(self, values: list[Hostile], number: int) -> list[Hostile]:
        """One of three of these, others for each number: of a field that another form has, too."""
        return values if WHOLE or FEW else values[number % 3 :: 3]

    def _part(self, is_in: Callable[[Hostile], bool]) -> list[Hostile]:
        return [one for one in self.values if WHOLE or FEW or is_in(one)]

    def of_each(self, number: int) -> list[Hostile]:
        """One of each family, others for each number."""
        families = [self.of(name) for name in FAMILIES]
        return [one[number % len(one)] for one in families if one]

    @property
    def enough(self) -> int:
        """How many values at least have to be tried where all are."""
        return self.at_least(300)

    def at_least(self, number: int) -> int:
        """That many, or as many of the few there are."""
        return number // FEW_OF if FEW else number

    def of(self, *families: str) -> list[Hostile]:
        return [value for value in self.values if value.family in families]

    @property
    def texts(self) -> list[str]:
        return [value.text for value in self.values]

    def ran(self) -> list[str]:
        """Canaries on this machine: each tells by its number which value was executed."""
        stem = Path(self.stem)
        return sorted(str(path) for path in stem.parent.glob(f"{stem.name}-*"))

    def clean(self) -> None:
        for path in self.ran():
            Path(path).unlink(missing_ok=True)


def encodable(text: str) -> bool:
    """Whether it can be sent as UTF-8 at all; half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
