"""A plan as a diff for people."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.proxy.describe import described
from provisioning.proxy.plan import Plan


def plan_lines(one: Plan) -> Iterator[str]:
    """No hash of a password is in it."""
    there = one.seen.vhosts
    for name, new in sorted(one.changes.items()):
        old = there.get(name)
        before = described(old.block) if old else []
        after = described(new) if new else []
        sign = "-" if new is None else "~" if old else "+"
        yield f"{sign} {name}" + (" (changed by hand)" if old and old.is_edited else "")
        yield from (f"    - {line}" for line in before if line not in after)
        yield from (f"    + {line}" for line in after if line not in before)
    for key, text in sorted(one.upstreams.items()):
        yield (
            f"{'~' if key in one.seen.upstreams else '+'} {key} goes to {text}"
            if text
            else (f"- {key} goes nowhere")
        )
    yield from (f"! {name}: {words}" for name, words in sorted(one.wanted.problems.items()))
    if one.is_edited and not one.edited:
        yield "~ changed by hand beside the domains"
