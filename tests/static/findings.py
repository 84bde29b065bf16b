"""A place in the code that a rule forbids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str
    text: str  # the line itself, for the allow-list to point at

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}\n    {self.text}"


@dataclass(frozen=True)
class Allowed:
    """One exception: lines of this file that hold this text, and why that is right."""

    rule: str
    path: str
    text: str
    reason: str

    def covers(self, found: Finding) -> bool:
        return (self.rule, self.path) == (found.rule, found.path) and self.text in found.text
