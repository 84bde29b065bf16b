"""Lists of a host's things, for API, page and command alike: read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.things import ImageState, NetworkState, VolumeState
from provisioning.things import asking, judging
from provisioning.things.judging import Seen
from provisioning.things.models import DiskMeasure, RegistryCheck
from provisioning.things.newer import checks_of, newer
from provisioning.things.owning import Owned, Owner, owned_on
from sites.models import Container, Host, Site
from sites.rights import Viewer

Out = dict[str, Any]
_SHOWN_OPTIONS = ("type", "device")  # the others may hold passwords


@dataclass(frozen=True)
class Telling:
    """What one list needs besides the thing itself: who uses it, as far as the viewer sees them."""

    seen: Seen
    owned: Owned
    measure: DiskMeasure | None
    containers: dict[str, Out]  # Docker's id → those that have a row the viewer sees
    sites: dict[int, str]
    checks: dict[str, RegistryCheck]
    now: datetime

    def users(self, using: Iterable[ContainerState], owner: Owner | None, why: str) -> Out:
        """``stays`` says why it cannot go; who uses it is named among ``containers`` only."""
        several = list(using)
        known = [self.containers[one.docker_id] for one in several
                 if one.docker_id in self.containers]  # fmt: skip
        keys = {one["site"] for one in known} | {owner.site if owner else None}
        sites = sorted((self.sites[key], key) for key in keys if key in self.sites)
        return {
            "in_use": bool(several),
            "containers": [{"id": one["id"], "name": one["name"]} for one in known],
            "others": len(several) - len(known),
            "sites": [{"id": key, "name": name} for name, key in sites],
            "belongs_to": owner.words if owner else "",
            "stays": "It is in use." if several else why,
        }


def images_report(host: Host, user: Viewer) -> Out:
    """As `ImagesOut` of the API, with all items."""
    return _report(
        host, user, asking.images_on,
        lambda told: (image_out(told, one) for one in told.seen.images),
    )  # fmt: skip


def volumes_report(host: Host, user: Viewer) -> Out:
    return _report(
        host, user, asking.volumes_on,
        lambda told: (volume_out(told, one) for one in told.seen.volumes),
    )  # fmt: skip


def networks_report(host: Host, user: Viewer) -> Out:
    return _report(
        host, user, asking.networks_on,
        lambda told: (network_out(told, one) for one in told.seen.networks),
    )  # fmt: skip


def _report(
    host: Host, user: Viewer, read: Callable[[Host], Seen], rows: Callable[[Telling], Iterable[Out]]
) -> Out:
    """Where the host does not answer, that is what is told, and no list."""
    now = timezone.now()
    measure = DiskMeasure.objects.filter(host=host).first()
    told: Out = {
        "host": host.pk, "state": "read", "observed_at": now, "source": "read", "error": "",
        "measured_at": measure.measured_at if measure else None, "items": [],
    }  # fmt: skip
    try:
        seen = read(host)
    except DriverError as error:
        return told | {"state": "unknown", "source": "attempt", "error": error.message}
    telling = Telling(
        seen, owned_on(host, user=user), measure, _containers(host, user), _sites(host, user),
        checks_of(host), now,
    )  # fmt: skip
    return told | {"items": list(rows(telling))}


# -- one thing --------------------------------------------------------------------------------


def image_out(told: Telling, image: ImageState) -> Out:
    owner = judging.owner_of_image(image, told.owned)
    why = judging.why_image_stays(image, told.seen, told.owned)
    own = told.measure.images.get(image.image_id) if told.measure else None
    return {
        "id": image.image_id,
        "names": list(image.names),
        "digests": list(image.digests),
        "size_bytes": image.size_bytes,
        "own_bytes": own,
        "created_at": image.created_at,
        "dangling": not image.names,
        **told.users(told.seen.of_image(image), owner, why),
        "registry": [_newer_out(told, name, image) for name in image.names],
    }


def _newer_out(told: Telling, name: str, image: ImageState) -> Out:
    found = newer(name, image, told.checks.get(name), now=told.now)
    return {
        "name": name, "state": found.state, "observed_at": found.asked_at, "source": "registry",
        "why": found.why,
    }  # fmt: skip


def volume_out(told: Telling, volume: VolumeState) -> Out:
    owner = judging.owner_of_volume(volume, told.owned)
    why = judging.why_volume_stays(volume, told.seen, told.owned)
    size = told.measure.volumes.get(volume.name) if told.measure else None
    return {
        "name": volume.name,
        "driver": volume.driver,
        "mountpoint": volume.mountpoint,
        "options": {key: volume.options[key] for key in _SHOWN_OPTIONS if key in volume.options},
        "labels": volume.labels,
        "anonymous": judging.is_anonymous(volume),
        "created_at": volume.created_at,
        "size_bytes": size,
        **told.users(told.seen.of_volume(volume), owner, why),
    }


def network_out(told: Telling, network: NetworkState) -> Out:
    owner = judging.owner_of_network(network, told.owned)
    why = judging.why_network_stays(network, told.seen, told.owned)
    return {
        "id": network.network_id,
        "name": network.name,
        "driver": network.driver,
        "internal": network.internal,
        "built_in": network.name in judging.BUILT_IN,
        "labels": network.labels,
        "created_at": network.created_at,
        **told.users(told.seen.of_network(network), owner, why),
    }


def _containers(host: Host, user: Viewer) -> dict[str, Out]:
    rows = Container.objects.visible_to(user).filter(host=host).order_by("name", "pk")
    return {
        row["docker_id"]: {"id": row["pk"], "name": row["name"], "site": row["site_id"]}
        for row in rows.values("docker_id", "pk", "name", "site_id")
    }


def _sites(host: Host, user: Viewer) -> dict[int, str]:
    return dict(Site.objects.visible_to(user).filter(host=host).values_list("pk", "name"))
