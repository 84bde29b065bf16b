"""The rules for templates and scripts, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tests.static.findings import Finding

TEMPLATES: Final = {
    "markup": (
        r"\|\s*safe(?:seq)?\b|autoescape\s+off",
        "markup that is not escaped",
    ),
    "inline-script": (
        r"<script(?![^>]*\ssrc=)[^>]*>|<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:",
        "the content security policy forbids it",
    ),
}
SCRIPTS: Final = {
    "markup": (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment",
        "text would become markup",
    ),
    "evaluation": (
        r"\beval\s*\(|new Function\b|set(?:Timeout|Interval)\(\s*[\"'`]",
        "text would become code",
    ),
}


def check_template(path: str, source: str) -> Iterator[Finding]:
    return _check(path, re.sub(r"\{#.*?#\}", "", source), TEMPLATES)


def check_script(path: str, source: str) -> Iterator[Finding]:
    blanked = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), source, flags=re.S)
    return _check(path, re.sub(r"(?m)^[ \t]*//.*$", "", blanked), SCRIPTS)


def _check(path: str, source: str, rules: dict[str, tuple[str, str]]) -> Iterator[Finding]:
    for number, line in enumerate(source.splitlines(), start=1):
        for rule, (pattern, message) in rules.items():
            if re.search(pattern, line):
                yield Finding(path, number, rule, message, line.strip())
