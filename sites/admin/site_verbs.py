"""The page before a verb on a site: with the plan of what it would do, or what will be lost."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from audit.record import Actor
from provisioning.drivers.errors import DriverError
from provisioning.engine import EngineError
from provisioning.operations.contract import Verb, VerbError
from provisioning.previews import PLANNED, parts_on_host, preview, release_for
from sites.admin.reading import tag_names
from sites.models import Site
from sites.rights import may_on

_KEEPS: Final = {
    "site.disown": "On its host nothing is touched: it runs on from its own plain files.",
    "site.discard": "On its host there is nothing of it yet.",
    "site.adopt": "Its files are read where they lie. No container is restarted, no file written.",
}
_GONE: Final = {"site.discard", "site.deprovision"}


def context_of(request: HttpRequest, verb: Verb, site: Site) -> dict[str, Any]:
    """What the page shows besides its form. Only a look at it reads the host, never a POST."""
    page = reverse("admin:sites_site_change", args=[site.pk])
    found: dict[str, Any] = {
        "back": reverse("admin:sites_site_changelist") if verb.kind in _GONE else page,
        "cancel": page,
        "initial": {"tags": tag_names(site)},
        "keeps": _KEEPS.get(verb.kind, ""),
        "loses": _lost_records(site) if verb.kind in ("site.disown", "site.discard") else (),
        "where": site.host.name,
    }
    if request.method != "POST" and may_on(request.user, verb.permission, site):
        if verb.kind in PLANNED:
            found |= _planned(request, verb, site)
        elif verb.kind == "site.deprovision":
            found |= _leaving(request, site)
    return found


def _planned(request: HttpRequest, verb: Verb, site: Site) -> dict[str, Any]:
    """The plan, and the release it is for: the form sends both on."""
    reuse = request.GET.get("reuse_volumes") == "1"
    try:
        number = _number(request)
        row = release_for(site, verb.kind, number)
        plan = preview(
            site, verb.kind, number=row.number, actor=Actor.of_request(request, "console"),
            reuse_volumes=reuse,
        )  # fmt: skip
    except (DriverError, VerbError, EngineError) as error:
        return {"no_plan": error}
    initial = {"number": row.number, "plan_digest": plan.digest, "reuse_volumes": reuse}
    return {"plan": plan, "release": row, "initial": initial}


def _number(request: HttpRequest) -> int | None:
    text = request.GET.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _leaving(request: HttpRequest, site: Site) -> dict[str, Any]:
    lost = [f"Its address: {name}" for name in site.domains.values_list("name", flat=True)]
    lost += _lost_records(site)
    try:
        parts = parts_on_host(site, actor=Actor.of_request(request, "console"))
    except VerbError as error:
        return {"no_plan": error}
    except DriverError as error:
        return {"loses": lost, "unread": error}
    found = [f"Container {name} and what was written inside it" for name in parts.containers]
    found += [f"Network {name}" for name in parts.networks]
    kept = [f"{name} stays, as others use it as well" for name in parts.shared]
    return {
        "loses": [*found, *lost],
        "choices": [
            *(f"Volume {name}" for name in parts.volumes),
            f"Files in {site.working_dir}",
        ],
        "keeps": ". ".join(kept) + "." if kept else "",
    }


def _lost_records(site: Site) -> list[str]:
    number = site.releases.count()
    return [
        f"{number} release{'' if number == 1 else 's'} with compose file, environment and secrets",
        "The roles that were given for it",
    ]
