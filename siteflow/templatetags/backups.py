"""What only the pages of backups say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from provisioning.backups.clocks import SKEW
from provisioning.backups.judging import State
from siteflow.pills import drawn_pill
from siteflow.templatetags.console import age, moment
from siteflow.wording import absolute, short_age

register = template.Library()

# The state whose colour and icon each has.
_LOOKS: Final = {State.FRESH: "passed", State.SHRUNKEN: "warning", State.UNKNOWN: "unknown"}


@register.simple_tag
def backup_pill(told: dict[str, Any]) -> SafeString:
    """State and age of the look; while it is unknown, since when, and what was seen until then."""
    state, since = State(told["state"]), told["unknown_since"]
    if since:
        tail = format_html("since {}", moment(since, "short"))
        hint = f"Last seen {absolute(since)}" if told["observed_at"] else "Not looked at yet"
    else:
        tail = age(told["observed_at"])
        hint = f"Read on {told['nas_name']} over SFTP, {absolute(told['observed_at'])}"
    return drawn_pill(_LOOKS.get(state, "failed"), state.label, tail, hint)


@register.simple_tag
def nas_pill(source: dict[str, Any]) -> SafeString:
    """Whether a NAS could be read, and when that was tried or has failed first."""
    connected = source["connected"]
    words = {True: ("passed", "read"), False: ("failed", "cannot be read")}
    looks, word = words.get(connected, ("unknown", "unknown"))
    at = source["failing_since"] if connected is False else source["read_at"]
    return drawn_pill(looks, word, age(at) if at else "", _hint(source))


def _hint(source: dict[str, Any]) -> str:
    read = source["read_at"]
    return f"Last read over SFTP, {absolute(read)}" if read else "Never read yet"


@register.filter
def counted(states: dict[str, int]) -> list[tuple[str, int]]:
    """Of each state in words that there is."""
    return [(State(state).label, number) for state, number in states.items() if number]


@register.filter
def skew(seconds: int | None) -> str:
    """How the clock of a NAS goes against ours."""
    if seconds is None:
        return "tells no time"
    if abs(seconds) < SKEW.total_seconds():
        return "as ours"
    span = short_age(timedelta(seconds=abs(seconds)))
    return f"{span} ahead of ours" if seconds > 0 else f"{span} behind ours"
