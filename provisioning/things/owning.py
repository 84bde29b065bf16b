"""What rows say of a host's things: to which site, quarantine or proxy they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.drivers import caddy_install
from provisioning.drivers.image_names import full_name
from provisioning.proxy.models import Proxy
from provisioning.quarantine.models import Quarantine
from provisioning.releases.models import Release
from provisioning.things.named import named_in
from sites.models import Host, Site
from sites.rights import Viewer

_NETWORK = str(Proxy._meta.get_field("network").default)


@dataclass(frozen=True, slots=True)
class Owner:
    """``words`` names it as far as whoever asks may know; ``site`` is its key, if it is one."""

    words: str
    site: int | None = None


PROXY = Owner("the host's proxy")


@dataclass(frozen=True, slots=True)
class Owned:
    """Each from what Docker calls it to its owner. ``projects``: by the label of Compose."""

    projects: Mapping[str, Owner] = field(default_factory=dict)
    volumes: Mapping[str, Owner] = field(default_factory=dict)
    networks: Mapping[str, Owner] = field(default_factory=dict)
    image_ids: Mapping[str, Owner] = field(default_factory=dict)
    image_names: Mapping[str, Owner] = field(default_factory=dict)


def owned_on(host: Host, *, user: Viewer) -> Owned:
    """Read in five queries. What ``user`` may not see is an owner without a name."""
    sites = _sites(host, user)
    keys = {owner.site: owner for owner in sites.values()}
    proxy = Proxy.objects.filter(host=host).first()
    networks = {_NETWORK: PROXY} | ({proxy.network: PROXY} if proxy else {})
    volumes = dict(_quarantined(host, user))
    ids: dict[str, Owner] = {}
    names = {caddy_install.IMAGE: PROXY} if proxy else {}
    rows = Release.objects.filter(site__host=host).exclude(status=Release.Status.FAILED)
    for site, compose, images in rows.values_list("site_id", "compose", "images").iterator():
        owner, told = keys.get(site, Owner("a site", site)), named_in(compose)
        volumes |= dict.fromkeys(told.volumes, owner)
        networks = dict.fromkeys(told.networks, owner) | networks
        names |= {full_name(name): owner for name in told.images}
        ids |= {one: owner for one in images.values() if isinstance(one, str)}
    projects = {caddy_install.PROJECT: PROXY, **sites}
    return Owned(projects, volumes, networks, ids, names)


def _sites(host: Host, user: Viewer) -> dict[str, Owner]:
    seen = set(Site.objects.visible_to(user).filter(host=host).values_list("pk", flat=True))
    rows = Site.objects.filter(host=host).values_list("project", "pk", "name")
    return {
        project: Owner(f"the site {name}" if key in seen else "a site", key)
        for project, key, name in rows
    }


def _quarantined(host: Host, user: Viewer) -> dict[str, Owner]:
    seen = set(Quarantine.objects.visible_to(user).filter(host=host).values_list("pk", flat=True))
    rows = Quarantine.objects.filter(host=host).values_list("pk", "name", "volumes")
    return {
        volume: Owner(f"the removed site {name}, in quarantine" if key in seen
                      else "a removed site, in quarantine")
        for key, name, volumes in rows
        for volume in volumes
    }  # fmt: skip
