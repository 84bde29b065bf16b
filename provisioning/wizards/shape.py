"""The JSON shape of wizards. Of a secret it says that it was given, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from provisioning.models import Operation
from provisioning.wizards.models import Wizard
from provisioning.wizards.types import TYPES
from sites.schemas import HostOut


class WizardStepOut(Schema):
    """``state``: done, current or ahead. ``result`` is of its latest test, null without one."""

    name: str
    title: str
    state: str
    testable: bool
    values: dict[str, Any]
    result: dict[str, Any] | None


class WizardOut(Schema):
    """``status`` is SiteFlow's own record, last written at ``observed_at``. ``given`` names the
    secrets that are kept, encrypted, until they are used."""

    id: int
    wizard_type: str
    title: str
    status: str
    observed_at: datetime
    source: str
    step: str
    steps: list[WizardStepOut]
    given: list[str]
    host: HostOut | None
    install_line: str
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


def wizard_out(row: Wizard) -> dict[str, Any]:
    """A wizard with ``host`` and its credential selected, as WizardOut."""
    kind = TYPES[row.kind]
    return {
        "id": row.pk,
        "wizard_type": row.kind,
        "title": kind.title,
        "status": row.status if row.is_active or row.ended_at else Wizard.Status.EXPIRED,
        "observed_at": row.ended_at or row.updated_at,
        "source": "record",
        "step": row.step,
        "steps": _steps(row),
        "given": sorted(row.secrets),
        **kind.about(row),
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "expires_at": row.expires_at,
    }


def _steps(row: Wizard) -> list[dict[str, Any]]:
    kind, here = TYPES[row.kind], TYPES[row.kind].index(row.step)
    keys = [result["operation"] for result in row.results.values()]
    operations = Operation.objects.in_bulk(keys) if keys and row.is_active else {}
    found = []
    for number, step in enumerate(kind.steps):
        operation = operations.get(row.results.get(step.name, {}).get("operation", 0))
        found.append(
            {
                "name": step.name,
                "title": step.title,
                "state": "done" if number < here else "current" if number == here else "ahead",
                "testable": step.test is not None,
                "values": row.state.get(step.name, {}),
                "result": step.result(row, operation) if step.result and operation else None,
            }
        )
    return found
