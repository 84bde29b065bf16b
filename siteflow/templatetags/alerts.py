"""What only the pages of alerts say."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring.alerts.kinds import SOURCES
from siteflow.pills import drawn_pill
from siteflow.templatetags.console import age, moment, pill

register = template.Library()

# The state whose colour and icon each has.
_SEVERITIES: Final = {"critical": "failed", "warning": "warning", "info": "queued"}
_WINDOWS: Final = {"planned": "queued", "open": "warning", "over": "skipped"}


@register.simple_tag
def severity_pill(row: Any) -> SafeString:
    return pill(_SEVERITIES[row.severity], row.severity)


@register.simple_tag
def alert_pill(row: Any) -> SafeString:
    """State, age and source. What nobody sees any more is unknown, since when and why."""
    hint = f"Source: {SOURCES[row.kind]}"
    if row.state == "firing" and row.unseen_since:
        state, word, tail = "unknown", "unknown", format_html("since {}", moment(row.unseen_since))
        hint = f"It fired, and nobody can see whether it still does: {row.unseen_because}"
    elif row.state == "firing":
        state, word, tail = _SEVERITIES[row.severity], "firing", age(row.firing_at)
    elif row.state == "pending":
        state, word, tail = "queued", "pending", age(row.pending_at)
        hint = "Not so for long enough yet to be told"
    else:
        state, word, tail = "passed", "resolved", age(row.resolved_at)
    return drawn_pill(state, word, tail, hint)


@register.simple_tag
def window_pill(row: Any) -> SafeString:
    return pill(_WINDOWS[row.state], row.state)


@register.filter
def is_muted(row: Any) -> bool:
    return bool(row.muted_until and row.muted_until > timezone.now())


@register.filter
def seconds(number: int) -> str:
    """ "30 s", "5 min", "2 h": exactly, or in seconds."""
    for size, unit in ((3600, "h"), (60, "min")):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return f"{number} s" if number else "at once"
