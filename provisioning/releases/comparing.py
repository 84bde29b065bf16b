"""What differs between two releases, line by line, secrets masked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from provisioning.plans.wanted import COMPOSE, ENV, MASK
from provisioning.releases.masking import masked_compose
from provisioning.releases.models import Release


def diff_of(old: Release | None, new: Release) -> str:
    """A unified diff of all files; "" when nothing differs. Without ``old``, all of it is new."""
    name_of = f"#{old.number}" if old else "nothing"
    before, after = _files(old, new), _files(new, old)
    lines: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        lines += difflib.unified_diff(
            before.get(name, []),
            after.get(name, []),
            f"{name} ({name_of})",
            f"{name} (#{new.number})",
            lineterm="",
        )
    return "\n".join(lines)


def _files(row: Release | None, other: Release | None) -> dict[str, list[str]]:
    if row is None:
        return {}
    found = {name: text.splitlines() for name, text in row.files.items()}
    compose = masked_compose(row.compose).splitlines()
    return {**found, COMPOSE: compose, ENV: list(_environment(row, other))}


def _environment(row: Release, other: Release | None) -> Iterator[str]:
    """A secret that is another one in the other release is marked, or it would look the same."""
    theirs = other.reveal() if other else {}
    secret = set(row.secret_names) | set(other.secret_names if other else ())
    for name, value in sorted(row.reveal().items()):
        if name not in secret:
            yield f"{name}={value}"
        elif theirs.get(name, value) == value:
            yield f"{name}={MASK}"
        else:
            yield f"{name}={MASK} (of #{row.number})"
