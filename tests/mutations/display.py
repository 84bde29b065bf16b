"""Checks that only decide what a page offers, or that stand behind another one.

Turned off, nobody can do or see more: what they offer is asked for again where it is done. A line
that matches no check any more has to go: it fails the run.
"""

from __future__ import annotations

from typing import Final

# (file, part of the check's text, why)
DISPLAY: Final[tuple[tuple[str, str, str], ...]] = ()
