"""What only the overview says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from siteflow.overview.need import Need
from siteflow.overview.sentence import Part
from siteflow.pills import drawn_pill
from siteflow.templatetags.console import age, moment, pill, word
from siteflow.wording import SITE_LOOKS, absolute

register = template.Library()
register.filter("absolute", absolute)


@register.simple_tag
def sentence_part(part: Part) -> SafeString:
    """Text, or a time that ticks by itself."""
    if part.at is None:
        return conditional_escape(part.text)
    if part.form == "moment":
        return moment(part.at)
    return format_html("<span data-oldest-seen>{}</span>", age(part.at, "ago"))


@register.simple_tag
def site_count(state: str, number: int) -> SafeString:
    looks, shown = SITE_LOOKS.get(state, (state, word(state)))
    return pill(looks, f"{number} {shown}")


@register.simple_tag
def need_pill(need: Need) -> SafeString:
    """Its state, since when, and who says so."""
    tail = age(need.since) if need.since else "now"
    return drawn_pill(need.state, need.word or word(need.state), tail, f"Seen by {need.source}")


@register.filter
def moments(seen: Mapping[int, datetime]) -> str:
    """As JSON, for refresh.js."""
    return json.dumps({str(key): at.isoformat() for key, at in seen.items()})
