"""What the command line says of rollouts, and the one that is meant by a number."""

from __future__ import annotations

from typing import Any

import typer
from django.core.management.base import OutputWrapper

from audit.console_output import print_json, print_rows, printable
from provisioning.models import Rollout
from provisioning.rollouts.planning import Plan
from provisioning.rollouts.shown import plan_out, rollout_detail, rollout_out
from sites.rows import EVERYTHING

LIST = ("id", "template", "version", "status", "so_far", "actor", "created_at", "message")
_PLAN = ("wave", "site_name", "host_name", "from_version", "reason")
_LINES = ("wave", "site_name", "host_name", "from_version", "release", "status", "operation",
          "message")  # fmt: skip


def rollout_of(number: int) -> Rollout:
    row = Rollout.objects.visible_to(EVERYTHING).filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"There is no rollout {number}, or its sites are gone.")
    return row


def print_plan(made: Plan, *, as_json: bool, to: OutputWrapper) -> None:
    told = plan_out(made)
    if as_json:
        return print_json(told, to=to)
    to.write(printable(f"{made.template} version {made.version}, {len(made.sites)} site(s):"))
    rows = [*told["sites"], *({**one, "wave": "–"} for one in told["left_out"])]
    return print_rows(rows, columns=_PLAN, as_json=False, to=to)


def print_rollouts(*, as_json: bool, to: OutputWrapper) -> None:
    shown = [rollout_out(row) for row in Rollout.objects.visible_to(EVERYTHING)]
    rows = shown if as_json else [{**one, "so_far": _counts(one)} for one in shown]
    print_rows(rows, columns=LIST, as_json=as_json, to=to)


def print_rollout(row: Rollout, *, as_json: bool, to: OutputWrapper) -> None:
    told = rollout_detail(rollout_of(row.pk))
    if as_json:
        return print_json(told, to=to)
    to.write(printable(f"rollout {row.pk}, {row}: {row.status}. {row.message}".strip()))
    return print_rows(told["lines"], columns=_LINES, as_json=False, to=to)


def _counts(told: dict[str, Any]) -> str:
    return ", ".join(f"{number} {status}" for status, number in told["sites"].items() if number)
