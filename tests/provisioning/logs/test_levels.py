from __future__ import annotations

import pytest

from provisioning.drivers.log_lines import Line
from provisioning.logs.choosing import Choice
from provisioning.logs.levels import level_of


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("INFO: started", "info"),
        ("[error] x", "error"),
        ('{"level":"warn","msg":"ERROR is only a word here"}', "warning"),
        ('{"level":50,"msg":"pino"}', "error"),
        ("time=… level=debug msg=x", "debug"),
        ("E1129 02:15:30.123 klog", "error"),
        ("2026/11/29 02:15:30 [notice] 1#1: start", "info"),
        ("no errors here", ""),
        ("Error: Cannot find module", "error"),
        ("\x1b[31mERROR\x1b[0m boom", "error"),
        ("FATAL:  password authentication failed", "error"),
        ("", ""),
        ("x" * 1000 + " ERROR", ""),
    ],
)
def test_what_a_line_says_of_itself(text: str, level: str) -> None:
    assert level_of(text) == level


def test_which_lines_are_wanted() -> None:
    at = "2026-01-01T00:00:00.000000000Z"
    lines = [
        Line(at, 0, "stdout", "INFO Straße"), Line(at, 1, "stderr", "ERROR st\x1b[1mrasse"),
        Line(at, 2, "stdout", "nothing said"), Line(at, 3, "stdout", "DEBUG x"),
    ]  # fmt: skip
    assert [line.nth for line in Choice(search="STRASSE").of(lines)] == [0, 1]
    assert [line.nth for line in Choice(level="info").of(lines)] == [0, 1, 2]
    assert [line.nth for line in Choice(level="error", stream="stderr").of(lines)] == [1]
    assert Choice().takes_all and Choice().of(lines) == lines
