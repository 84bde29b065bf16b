"""How charts word what was measured; `chart-words.js` says it the same way."""

from __future__ import annotations

from django import template

from siteflow.wording import size

register = template.Library()


@register.filter
def amount(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "bytes":
        return size(value)
    if unit == "rate":
        return f"{size(value)}/s"
    number = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
    return f"{number} %" if unit == "percent" else number
