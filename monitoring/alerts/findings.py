"""What a rule finds about one thing, and what it is about."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from monitoring.alerts.kinds import Type


class Verdict(enum.Enum):
    """``BETWEEN``: neither wrong nor well, or SiteFlow is working on it: all stays as it is."""

    BAD = "bad"
    GOOD = "good"
    BETWEEN = "between"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    key: str
    type: Type
    id: int | None
    name: str
    host: int | None
    site: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """``words`` say what is wrong, or why nothing is known, or how it became well.

    ``step`` rises when it gets worse in itself, and ``severity`` is then no longer the rule's.
    ``final``: it is over at once, however long it was well.
    """

    subject: Subject
    verdict: Verdict
    words: str = ""
    value: float | None = None
    step: int = 0
    severity: str = ""
    final: bool = False


def bad(subject: Subject, words: str, *, value: float | None = None) -> Finding:
    return Finding(subject, Verdict.BAD, words, value)


def good(subject: Subject, words: str = "", *, value: float | None = None) -> Finding:
    return Finding(subject, Verdict.GOOD, words, value)


def between(subject: Subject, words: str = "", *, value: float | None = None) -> Finding:
    return Finding(subject, Verdict.BETWEEN, words, value)


def unknown(subject: Subject, why: str) -> Finding:
    return Finding(subject, Verdict.UNKNOWN, why)
