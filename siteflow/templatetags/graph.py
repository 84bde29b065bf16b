"""What only the page of the graph says."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from monitoring.graph.things import Tone
from siteflow.graph_page import STATE_WORDS
from siteflow.pills import drawn_pill
from siteflow.templatetags.console import age, moment
from siteflow.wording import SOURCES, absolute, size

register = template.Library()

# The state whose colour and icon each has; the page's script has the same.
LOOKS: Final = {
    Tone.GOOD: "passed", Tone.WARNING: "warning", Tone.BAD: "failed", Tone.UNKNOWN: "unknown",
    Tone.BUSY: "working", Tone.STILL: "exited",
}  # fmt: skip


_SOURCES: Final = {
    **SOURCES,
    "certificate": "a look at the certificate",
    "services": "a look at the host’s services",
    "nas": "a look at the NAS",
}
_OWN: Final = "SiteFlow’s own record"


@register.simple_tag
def backup_badge(node: dict[str, Any]) -> SafeString | str:
    """The state of a site's backups and the age of the newest; nothing where none are expected."""
    backup = node["backup"]
    if backup is None:
        return ""
    tail = age(backup["at"]) if backup["at"] else ""
    looks, shown = LOOKS[Tone(backup["tone"])], f"backup {backup['state']}"
    return drawn_pill(looks, shown, tail, f"Source: {_SOURCES['nas']}")


@register.simple_tag
def node_pill(node: dict[str, Any]) -> SafeString:
    """State and age; while it is unknown, since when, and what it was until then."""
    since = node["unknown_since"]
    if since:
        tail = format_html("since {}", moment(since, "short"))
        last = f"Was {node['last_state']} when last seen" if node["last_state"] else "Last seen"
        hint = f"{last}, {absolute(since)}"
    else:
        tail = age(node["seen_at"]) if node["seen_at"] else SafeString()
        hint = f"Source: {_SOURCES.get(node['source'], _OWN)}"
    state = node["state"]
    shown = STATE_WORDS.get(state, state.replace("_", " "))
    return drawn_pill(LOOKS[Tone(node["tone"])], shown, tail, hint)


@register.simple_tag
def tone_pill(tone: str) -> SafeString:
    """In the legend and the filter."""
    return drawn_pill(LOOKS[Tone(tone)], tone)


@register.simple_tag
def cpu(node: dict[str, Any]) -> SafeString | str:
    value = (node["metrics"] or {}).get("cpu_percent")
    return _NOTHING if value is None else f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"


@register.simple_tag
def memory(node: dict[str, Any]) -> SafeString | str:
    value = (node["metrics"] or {}).get("memory_bytes")
    return _NOTHING if value is None else size(value)


_NOTHING: Final = mark_safe('<span class="faint">–</span>')  # written down here, no value in it
