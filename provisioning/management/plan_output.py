"""A plan at the command line: like a diff, in colours where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.core.management.base import OutputWrapper

from audit.console_output import print_json, print_styled
from provisioning.plans.shape import Change, Plan

_SIGNS: Final = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "recreate": ("~", "yellow"),
    "start": ("~", "yellow"),
    "remove": ("-", "red"),
}
_DONE: Final = {
    "create": "created", "change": "changed", "recreate": "recreated", "start": "started",
    "remove": "removed",
}  # fmt: skip
_OF_LINES: Final = {"+": "green", "-": "red", "@": "cyan"}


def print_plan(plan: Plan, *, as_json: bool, to: OutputWrapper) -> None:
    if as_json:
        return print_json(plan.to_dict(), to=to)
    print_styled(_lines(plan), to=to)


def print_diff(diff: str, *, to: OutputWrapper) -> None:
    print_styled(_of_diff(diff, ""), to=to)


def _lines(plan: Plan) -> Iterator[tuple[str, str]]:
    yield f"{plan.kind.partition('.')[2].capitalize()} {plan.site} on {plan.host}", "bold"
    for change in plan.to_do:
        yield from _of_change(change)
    if kept := len(plan.changes) - len(plan.to_do):
        yield f"= {kept} thing{'' if kept == 1 else 's'} as before", "dim"
    if plan.downtime:
        yield f"Downtime: {plan.downtime}", "yellow"
    needs = {name: size for name, size in plan.needs.items() if size}
    if needs:
        yield (
            "Needs "
            + ", ".join(
                f"{size // 10**6} MB of {name.removesuffix('_bytes')}"
                for name, size in needs.items()
            ),
            "",
        )
    for problem in plan.problems:
        word, style = ("Refused", "bold red") if problem.blocking else ("Note", "yellow")
        yield f"{word}: {problem.message}", style
    yield f"Digest: {plan.digest}", "dim"


def _of_change(change: Change) -> Iterator[tuple[str, str]]:
    sign, style = _SIGNS[change.action]
    detail = f" ({change.detail})" if change.detail else ""
    yield f"{sign} {change.what} {change.name}: {_DONE[change.action]}{detail}", style
    yield from _of_diff(change.diff, "    ")


def _of_diff(diff: str, indent: str) -> Iterator[tuple[str, str]]:
    for line in diff.splitlines():
        heading = line.startswith(("---", "+++"))
        yield indent + line, "bold" if heading else _OF_LINES.get(line[:1], "")
