"""What is told of SiteFlow's health, the same by page, API and command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Schema

from monitoring.health.asking import Answer, ask


class HealthPart(Schema):
    """``observed_at``: when it last answered, null if it never did; ``source``: what was asked."""

    ok: bool
    state: str
    words: str
    observed_at: datetime | None
    age_s: float | None
    source: str
    duration_ms: float
    details: dict[str, Any]


class DetailedHealth(Schema):
    """``status``: ok or failing; ``words`` names what fails."""

    status: str
    words: str
    observed_at: datetime
    source: str
    parts: dict[str, HealthPart]


def detailed_health() -> dict[str, Any]:
    """As DetailedHealth, in bounded time."""
    answers = ask()
    now = timezone.now()
    failing = [name for name, answer in answers.items() if not answer.found.ok]
    return {
        "status": "failing" if failing else "ok",
        "words": words_of(answers),
        "observed_at": now,
        "source": "each part, asked now",
        "parts": {name: part_out(answer, now=now) for name, answer in answers.items()},
    }


def words_of(answers: Mapping[str, Answer]) -> str:
    failing = [name for name, answer in answers.items() if not answer.found.ok]
    if not failing:
        return "All parts of SiteFlow are well."
    first = answers[failing[0]].found.words
    others = f" So are: {', '.join(failing[1:])}." if len(failing) > 1 else ""
    return f"Not well: {failing[0]}. {first}{others}"


def part_out(answer: Answer, *, now: datetime) -> dict[str, Any]:
    found = answer.found
    return {
        "ok": found.ok,
        "state": "ok" if found.ok else "failing",
        "words": found.words,
        "observed_at": answer.observed_at,
        "age_s": answer.age_s(now),
        "source": answer.source,
        "duration_ms": answer.duration_ms,
        "details": found.details,
    }
