"""What can be told of a host's proxy, for the API and for the command alike. Asks the host."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.pool import host_driver
from provisioning.proxy.describe import described
from provisioning.proxy.models import Proxy
from provisioning.proxy.plan import Plan, plan
from provisioning.proxy.plan_lines import plan_lines
from provisioning.targets import target_of
from sites.models import Host

_OF_ROW = ("container", "http_port", "https_port", "admin_port", "loaded_at")


def report(row: Host) -> dict[str, Any]:
    """As `ProxyOut` of the API."""
    proxy = Proxy.objects.filter(host=row).first()
    told: dict[str, Any] = {
        "host": row.pk,
        "state": "missing",
        "observed_at": timezone.now(),
        "source": "proxy" if proxy else "record",
        "error": "",
        **{name: getattr(proxy, name, None) for name in _OF_ROW},
        "container": proxy.container if proxy else "",
        "vhosts": [],
        "plan": [],
        "digest": "",
    }
    return told | (_asked(row, proxy) if proxy else {})


def _asked(row: Host, proxy: Proxy) -> dict[str, Any]:
    try:
        one = plan(host_driver(target_of(row)), row, proxy=proxy)
    except DriverError as error:
        return {"state": "unknown", "error": error.message}
    state = "edited" if one.is_edited else "in_step" if one.is_empty else "behind"
    return {
        "state": state,
        "vhosts": [_vhost(one, name) for name in _names(one)],
        "plan": list(plan_lines(one)),
        "digest": one.digest,
    }


def _names(one: Plan) -> list[str]:
    return sorted({*one.seen.vhosts, *one.wanted.sites})


def _vhost(one: Plan, name: str) -> dict[str, Any]:
    there = one.seen.vhosts.get(name)
    return {
        "name": name,
        "site": one.wanted.sites.get(name),
        "state": _state(one, name),
        "serves": described(there.block) if there else [],
        "problem": one.wanted.problems.get(name) or _idle(one, name),
    }


def _state(one: Plan, name: str) -> str:
    if name in one.wanted.problems:
        return "refused"
    there = one.seen.vhosts.get(name)
    if there and there.is_edited:
        return "edited"
    if name not in one.changes:
        return "served"
    return "gone" if one.changes[name] is None else "changed" if there else "new"


def _idle(one: Plan, name: str) -> str:
    return "no container of its site is running" if name in one.idle else ""
