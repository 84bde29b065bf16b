"""The proxy of a host on its page: what it serves, what a sync would change, and the buttons."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest

from provisioning.proxy.report import report
from sites.models import Container, Host, Site
from sites.rights import may_on

MAX_SHOWN: Final = 500
_VERSION: Final = "org.opencontainers.image.version"  # an image's label, by the OCI's annotations
# The state of a vhost → the pill's own state and word.
_PILLS: Final = {
    "served": ("running", "served"),
    "changed": ("queued", "to be changed"),
    "new": ("queued", "to be added"),
    "gone": ("exited", "to be removed"),
    "edited": ("warning", "changed by hand"),
    "refused": ("failed", "refused"),
}


def proxy_tab(request: HttpRequest, row: Host) -> dict[str, Any]:
    """Asks the host. Where it does not answer, that is what the page says."""
    told = report(_with_its_way_in(row))
    keys = {one["site"] for one in told["vhosts"] if one["site"]}
    names = dict(
        Site.objects.visible_to(request.user).filter(pk__in=keys).values_list("pk", "name")
    )
    vhosts = [
        {**one, "pill": _PILLS[one["state"]], "site_name": names.get(one["site"], "")}
        for one in told["vhosts"][:MAX_SHOWN]
    ]
    return {
        "proxy": {**told, "vhosts": vhosts, "total": len(told["vhosts"])},
        "plan_text": "\n".join(told["plan"]),
        "caddy": _caddy(row, told["container"]),
        "may_install": may_on(request.user, "sites.manage_site", row),
    }


def sync_context(row: Host) -> dict[str, Any]:
    """For the page that asks before a sync: the plan, which the form sends on."""
    told = report(_with_its_way_in(row))
    return {"plan_text": "\n".join(told["plan"]), "initial": {"plan_digest": told["digest"]}}


def _with_its_way_in(row: Host) -> Host:
    return Host.objects.select_related("credential", "via__credential").get(pk=row.pk)


def _caddy(row: Host, name: str) -> dict[str, str]:
    """Of its container, as it was last seen."""
    found = Container.objects.live().filter(host=row, name=name).first() if name else None
    if found is None:
        return {}
    return {"image": found.image, "state": found.state, "version": found.labels.get(_VERSION, "")}
