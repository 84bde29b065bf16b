"""The one drawing of a state: `pill` and the tags that write age and source themselves."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString


def drawn_pill(state: str, shown: str, tail: SafeString | str = "", hint: str = "") -> SafeString:
    """``state`` chooses colour and icon, ``shown`` is the word, ``tail`` its age; ``hint`` says on
    hover who says so."""
    return format_html(
        '<span class="pill" data-state="{}"{}><span class="word">{}</span>{}</span>',
        state,
        format_html(' title="{}"', hint) if hint else "",
        shown,
        format_html(' <span class="age">{}</span>', tail) if tail else "",
    )
