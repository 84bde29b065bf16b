"""Images, volumes and networks of a host over HTTP, to read; what changes them are its verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.record import Actor
from provisioning.previews import preview_prune
from provisioning.things import telling
from provisioning.things.choosing import LivePaging, chosen, page_of
from provisioning.things.pruning import plan_out
from sites.answers import found, json_answer
from sites.models import Host

things = Router(tags=["hosts"])

IMAGE_ORDERS: Final = {"name": "names", "size": "size_bytes", "created": "created_at"}
VOLUME_ORDERS: Final = {"name": "name", "size": "size_bytes", "created": "created_at"}
NETWORK_ORDERS: Final = {"name": "name", "created": "created_at"}


class ImageQuery(LivePaging):
    in_use: bool | None = Field(None, description="by a container, also a stopped one")
    dangling: bool | None = Field(None, description="without a name")


class VolumeQuery(LivePaging):
    in_use: bool | None = Field(None, description="by a container, also a stopped one")
    anonymous: bool | None = Field(None, description="with a name that Docker made up")


class NetworkQuery(LivePaging):
    in_use: bool | None = Field(None, description="by a container, also a stopped one")


class PruneQuery(Schema):
    all: bool = Field(False, description="also images that have a name, if nobody uses them")


class ThingNamed(Schema):
    id: int
    name: str


class UsersOut(Schema):
    """``others`` are containers that use it and that you do not see. ``belongs_to``: a site, what
    rests of a removed one, or the proxy. ``stays`` says why it cannot be removed, if it cannot."""

    in_use: bool
    containers: list[ThingNamed]
    others: int
    sites: list[ThingNamed]
    belongs_to: str
    stays: str


class NewerOut(Schema):
    """``state``: current, newer (the registry has another one) or unknown, and ``why``."""

    name: str
    state: str
    observed_at: datetime | None
    source: str
    why: str


class ImageOut(UsersOut):
    """``own_bytes`` are what no other image shares, null while not measured."""

    id: str
    names: list[str]
    digests: list[str]
    size_bytes: int
    own_bytes: int | None
    created_at: datetime | None
    dangling: bool
    registry: list[NewerOut]


class VolumeOut(UsersOut):
    """``size_bytes`` as of the list's ``measured_at``; null while not measured."""

    name: str
    driver: str
    mountpoint: str
    options: dict[str, str]
    labels: dict[str, str]
    anonymous: bool
    created_at: datetime | None
    size_bytes: int | None


class NetworkOut(UsersOut):
    id: str
    name: str
    driver: str
    internal: bool
    built_in: bool
    labels: dict[str, str]
    created_at: datetime | None


class LivePage(Schema):
    """``state``: read, or unknown when the host could not be asked; then there are no items."""

    host: int
    state: str
    observed_at: datetime
    source: str
    error: str
    total: int
    page: int
    page_size: int
    total_pages: int


class ImagePage(LivePage):
    measured_at: datetime | None
    items: list[ImageOut]


class VolumePage(LivePage):
    measured_at: datetime | None
    items: list[VolumeOut]


class NetworkPage(LivePage):
    items: list[NetworkOut]


class PrunedOut(Schema):
    id: str
    names: list[str]
    size_bytes: int
    created_at: datetime | None


class PrunePlanOut(Schema):
    """``items`` and ``plan_digest`` are what `image-prune` takes as ``images`` and
    ``plan_digest``. ``own_bytes`` go for certain, null while not measured."""

    host: int
    images: list[PrunedOut]
    items: list[str]
    size_bytes: int
    own_bytes: int | None
    left_out: int
    plan_digest: str


@things.get("/{int:host_id}/images", response=ImagePage)
def list_images(request: HttpRequest, host_id: int, query: Query[ImageQuery]) -> HttpResponse:
    """The host's images as it has them now. Order by name, size or created."""
    told = telling.images_report(_host(request, host_id), request.user)
    items = chosen(told["items"], search=query.search, in_use=query.in_use, dangling=query.dangling)
    return _page(told, page_of(items, query, orderings=IMAGE_ORDERS))


@things.get("/{int:host_id}/images/prune-plan", response=PrunePlanOut)
def plan_prune(request: HttpRequest, host_id: int, query: Query[PruneQuery]) -> HttpResponse:
    """What a prune would take, for whoever may carry it out. Nothing is changed."""
    host = _host(request, host_id)
    actor = Actor.of_request(request, "api")
    plan = preview_prune(host, all_unused=query.all, actor=actor)
    return json_answer({"host": host.pk, **plan_out(plan)})


@things.get("/{int:host_id}/volumes", response=VolumePage)
def list_volumes(request: HttpRequest, host_id: int, query: Query[VolumeQuery]) -> HttpResponse:
    """The host's volumes as it has them now. Order by name, size or created."""
    told = telling.volumes_report(_host(request, host_id), request.user)
    items = chosen(
        told["items"], search=query.search, in_use=query.in_use, anonymous=query.anonymous
    )
    return _page(told, page_of(items, query, orderings=VOLUME_ORDERS))


@things.get("/{int:host_id}/networks", response=NetworkPage)
def list_networks(request: HttpRequest, host_id: int, query: Query[NetworkQuery]) -> HttpResponse:
    """The host's networks as it has them now. Order by name or created."""
    told = telling.networks_report(_host(request, host_id), request.user)
    del told["measured_at"]
    items = chosen(told["items"], search=query.search, in_use=query.in_use)
    return _page(told, page_of(items, query, orderings=NETWORK_ORDERS))


def _host(request: HttpRequest, host_id: int) -> Host:
    rows = Host.objects.visible_to(request.user).select_related("credential", "via__credential")
    return found(rows, host_id)


def _page(told: dict[str, Any], page: dict[str, Any]) -> HttpResponse:
    return json_answer({**told, **page})
