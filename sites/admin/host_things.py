"""Images, volumes and networks of a host on its page: the tabs, and what is asked before a verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest

from audit.record import Actor
from provisioning.drivers.errors import DriverError
from provisioning.previews import preview_prune
from provisioning.things import asking
from provisioning.things.choosing import chosen, sorted_by
from provisioning.things.models import DiskMeasure
from provisioning.things.telling import images_report, networks_report, volumes_report
from sites.models import Host
from sites.rights import Viewer, may_on

MAX_SHOWN: Final = 500
_NAMED: Final = 5  # of the containers that use it
_REPORTS: Final[dict[str, Callable[[Host, Viewer], dict[str, Any]]]] = {
    "images": images_report, "volumes": volumes_report, "networks": networks_report,
}  # fmt: skip
TABS: Final = tuple(_REPORTS)
_ORDERS: Final = {"images": "names", "volumes": "name", "networks": "name"}
# Verb → the tab that it is offered on. They all ask first but those that only look.
VERBS: Final = {
    "image.pull": "images", "image.check": "images", "image.tag": "images",
    "image.remove": "images", "image.prune": "images",
    "volume.create": "volumes", "volume.remove": "volumes", "host.measure": "volumes",
    "network.create": "networks", "network.remove": "networks",
}  # fmt: skip
# What a registry has → the pill's own state and word.
_PILLS: Final = {
    "current": ("running", "up to date"),
    "newer": ("warning", "newer available"),
    "unknown": ("unknown", "unknown"),
    "unasked": ("unknown", "not asked"),
}
KEEPS: Final = {
    "image.pull": "Containers that run go on with the image they were made of.",
    "image.remove": "An image goes with its last name. What a container or a release uses stays.",
    "image.prune": "What somebody uses by the time it is its turn stays, and is told.",
    "volume.create": "An empty volume on the host’s own disk.",
    "network.create": "A bridge of its own, which containers join by name.",
}


def things_tab(request: HttpRequest, row: Host, tab: str) -> dict[str, Any]:
    """Asks the host. Where it does not answer, that is what the page says."""
    told = _REPORTS[tab](_with_its_way_in(row), request.user)
    search = request.GET.get("search", "")[:200]
    items = sorted_by(chosen(told["items"], search=search), _ORDERS[tab])
    for item in items[:MAX_SHOWN]:
        _dress(item)
    return {
        "told": told,
        "things": items[:MAX_SHOWN],
        "found": len(items),
        "search": search,
        "may_remove": may_on(request.user, "sites.manage_host", row),
    }


def _dress(item: dict[str, Any]) -> None:
    """What only a page says of it."""
    item["more"] = max(0, len(item["containers"]) - _NAMED)
    item["only_id"] = [item["id"]] if "id" in item else []
    for one in item.get("registry", ()):
        one["pill"] = _PILLS[one["state"] if one["observed_at"] else "unasked"]


def asked_first(request: HttpRequest, row: Host, kind: str) -> dict[str, Any]:
    """For the page that asks before a verb: what it is about, and what would be lost."""
    name = request.GET.get("name", "")[:600]
    about = {"typed": name, "thing": name, "initial": {"name": name}, "keeps": KEEPS.get(kind, "")}
    if request.method == "POST" or not name and kind != "image.prune":
        return about
    try:
        return about | _found(request, _with_its_way_in(row), kind, name)
    except DriverError as error:
        return about | {"unread": error}


def _found(request: HttpRequest, row: Host, kind: str, name: str) -> dict[str, Any]:
    if kind == "image.prune" and may_on(request.user, "sites.manage_host", row):
        return _prune(request, row)
    if kind == "volume.remove":
        return {"lost": _lost_volume(row, name)}
    return {}


def _prune(request: HttpRequest, row: Host) -> dict[str, Any]:
    all_unused = request.GET.get("all") == "1"
    actor = Actor.of_request(request, "console")
    plan = preview_prune(row, all_unused=all_unused, actor=actor)
    listed = " ".join(map(str, plan.items))
    return {
        "prune": plan,
        "all_unused": all_unused,
        "nothing": not plan.items,
        "initial": {"images": listed, "plan_digest": plan.digest},
    }


def _lost_volume(row: Host, name: str) -> dict[str, Any]:
    there = next((one for one in asking.volumes_on(row).volumes if one.name == name), None)
    if there is None:
        return {}
    measure = DiskMeasure.objects.filter(host=row).first()
    return {
        "name": name,
        "created_at": there.created_at,
        "size_bytes": measure.volumes.get(name) if measure else None,
        "measured_at": measure.measured_at if measure else None,
    }


def _with_its_way_in(row: Host) -> Host:
    return Host.objects.select_related("credential", "via__credential").get(pk=row.pk)
