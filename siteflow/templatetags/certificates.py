"""What only the pages of certificates say."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from provisioning.certificates.judging import State
from siteflow.pills import drawn_pill
from siteflow.templatetags.console import age, moment
from siteflow.wording import absolute

register = template.Library()

# The state whose colour and icon each has.
_LOOKS: Final = {
    State.OK: "passed", State.SOON: "warning", State.DIFFERS: "warning",
    State.UNKNOWN: "unknown", State.OFF: "skipped",
}  # fmt: skip
_LEADS: Final = {"here": "its host", "elsewhere": "elsewhere", "nowhere": "nowhere"}


@register.simple_tag
def certificate_pill(told: dict[str, Any]) -> SafeString:
    """State and age; while it is unknown, since when, and what was seen until then."""
    state, since = State(told["state"]), told["unknown_since"]
    if since:
        tail = format_html("since {}", moment(since, "short"))
        hint = f"Last seen {absolute(since)}" if told["checked_at"] else "Not looked at yet"
    else:
        at = told["checked_at"] or told["tried_at"]
        tail = age(at) if at else SafeString()
        hint = "Asked from its host" + (f", {absolute(at)}" if at else "")
    return drawn_pill(_LOOKS.get(state, "failed"), state.label, tail, hint)


@register.simple_tag
def days_left(told: dict[str, Any]) -> SafeString:
    """Days until the end, faint when nobody knows whether it is still so; the moment on hover."""
    days = told["days_remaining"]
    if days is None or told["state"] == State.OFF:
        return mark_safe('<span class="faint">–</span>')  # written down here, no value in it
    shown = f"{days:.0f}" if abs(days) >= 3 else f"{days:.1f}"
    faint = told["unknown_since"] or told["state"] == State.NO_ANSWER
    title = f"Until {absolute(told['not_after'])}" + (" when last seen" if faint else "")
    return format_html(
        '<span class="{}" title="{}">{}</span>', "faint" if faint else "", title, shown
    )


@register.filter
def leads_to(leads: str | None) -> str:
    return _LEADS.get(leads or "", "not known")
