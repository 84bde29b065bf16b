"""What Docker tells of a container now, for the tabs of its page: limits, and the whole of it."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.parse_limits import limits_of
from provisioning.inspecting import read, shown
from provisioning.operations import VERBS
from provisioning.operations.container_limits import told
from provisioning.param_forms import params_form
from sites.models import Container
from sites.rights import may_on

_MIB = 1024 * 1024


def inspect_tab(request: HttpRequest, row: Container) -> dict[str, Any]:
    try:
        answer, at = read(row)
    except DriverError as error:
        return {"unread": error}
    found = shown(row, answer, at, sees_host=may_on(request.user, "sites.view_host", row.host))
    text = json.dumps(found["inspect"], indent=2, ensure_ascii=False)
    return {"inspected": found, "inspect_text": text}


def limits_tab(request: HttpRequest, row: Container) -> dict[str, Any]:
    """With the form to change them, for who may."""
    try:
        answer, at = read(row)
    except DriverError as error:
        return {"unread": error}
    limits, verb = limits_of(answer), VERBS["container.limits"]
    now = {name: value for name, value in told(limits).items() if value is not None}
    if (memory := limits.memory_bytes) and memory % _MIB == 0:
        now["memory_bytes"] = f"{memory // _MIB}m"
    return {
        "limits": limits,
        "limits_at": at,
        "may_limit": may_on(request.user, verb.permission, row),
        "limits_form": params_form(verb, initial={**now, "pids": now.get("pids", 0)}),
    }
