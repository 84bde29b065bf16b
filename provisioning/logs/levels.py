"""How serious a line of a log is, as far as the line says so itself."""

from __future__ import annotations

import re
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error")
UNSAID: Final = "info"
_LOOKED_AT: Final = 400  # characters; what comes later speaks of other things

_NAMES: Final = {
    "trace": "debug", "debug": "debug", "dbg": "debug", "verbose": "debug", "fine": "debug",
    "info": "info", "information": "info", "notice": "info", "log": "info",
    "warn": "warning", "warning": "warning", "wrn": "warning",
    "err": "error", "error": "error", "crit": "error", "critical": "error", "fatal": "error",
    "panic": "error", "emerg": "error", "alert": "error", "severe": "error",
    "10": "debug", "20": "debug", "30": "info", "40": "warning", "50": "error", "60": "error",
}  # fmt: skip
_WORDS: Final = "|".join(sorted((name for name in _NAMES if name.isalpha()), key=len, reverse=True))
_FIELD: Final = re.compile(r'\b(?:level|lvl|severity)"?\s*[=:]\s*"?(\w+)', re.IGNORECASE)
_SHOUTED: Final = re.compile(rf"\b({_WORDS.upper()})\b")
_MARKED: Final = re.compile(rf"(?:^|[\s|])[\[<(]?({_WORDS})(?:[\]>)]|:)", re.IGNORECASE)
_KLOG: Final = re.compile(r"([IWEF])\d{4} \d\d:\d\d")
_KLOG_NAMES: Final = {"I": "info", "W": "warning", "E": "error", "F": "error"}
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """Without the colours."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


def level_of(text: str) -> str:
    """One of LEVELS; empty where the line does not say."""
    text = plain(text[:_LOOKED_AT])
    if (found := _FIELD.search(text)) and (name := _NAMES.get(found[1].lower())):
        return name
    if found := _KLOG.match(text):
        return _KLOG_NAMES[found[1]]
    if found := _SHOUTED.search(text) or _MARKED.search(text):
        return _NAMES[found[1].lower()]
    return ""


def at_least(level: str, wanted: str) -> bool:
    return LEVELS.index(level or UNSAID) >= LEVELS.index(wanted)
