"""What only the pages of channels and deliveries say."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.safestring import SafeString

from siteflow.templatetags.console import pill

register = template.Library()

# The state whose colour and icon each has.
_OF_DELIVERIES: Final = {
    "waiting": ("queued", "waiting"),
    "failed": ("warning", "to be tried again"),
    "sent": ("succeeded", "sent"),
    "given_up": ("failed", "given up"),
}


_LEAST: Final = {"critical": "critical only", "warning": "warning and above", "info": "all"}


@register.filter
def least_severity(severity: str) -> str:
    return _LEAST[severity]


@register.simple_tag
def delivery_pill(row: Any) -> SafeString:
    at = row.ended_at or row.created_at
    return pill(*_OF_DELIVERIES[row.state], at=at, source="SiteFlow’s own record")


@register.simple_tag
def channel_pill(row: Any) -> SafeString:
    if not row.enabled:
        return pill("skipped", "off")
    return pill("failed", "failing") if row.retry_at else pill("active", "on")
