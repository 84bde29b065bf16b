"""Channels and deliveries over HTTP, mounted at /api/notifications."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from audit.record import Actor
from monitoring.notify import acts
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.shown import (
    ChannelOut,
    DeliveryFilter,
    DeliveryOut,
    channel_out,
    delivery_out,
)
from monitoring.notify.wanted import Wanted
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need_everywhere,
)
from sites.paging import Page, Paging, filtered, page_of

notifications = Router(tags=["notifications"])

_OF_CHANNELS: Final = {"name": "name", "id": "pk"}
_OF_DELIVERIES: Final = {"id": "pk"}
_MAKES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class ChannelPage(Page):
    items: list[ChannelOut]


class DeliveryPage(Page):
    items: list[DeliveryOut]


@notifications.get("/channels", response=ChannelPage)
def list_channels(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All of them, without their addresses. Order by name or id."""
    rows = _channels(request)
    return json_answer(
        page_of(rows, paging, orderings=_OF_CHANNELS, default="name", out=channel_out)
    )


@notifications.post("/channels", response={201: ChannelOut}, openapi_extra=_MAKES)
def create_channel(request: HttpRequest, body: Wanted) -> HttpResponse:
    """Needs name and url. The address is kept encrypted and never shown again."""
    actor, key = Actor.of_request(request, "api"), idempotency_key(request)
    row = acts.create(body, actor=actor, idempotency_key=key)
    return json_answer(channel_out(row), status=201)


@notifications.get("/channels/{int:channel_id}", response=ChannelOut)
def show_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    return json_answer(channel_out(found(_channels(request), channel_id)))


@notifications.patch("/channels/{int:channel_id}", response=ChannelOut)
def change_channel(request: HttpRequest, channel_id: int, body: Wanted) -> HttpResponse:
    """Without url, the address stays as it is."""
    row = acts.change(channel_id, body, actor=Actor.of_request(request, "api"))
    return json_answer(channel_out(row))


@notifications.delete("/channels/{int:channel_id}", response={204: None})
def remove_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """With its deliveries; what waits is not sent any more."""
    acts.remove(channel_id, actor=Actor.of_request(request, "api"))
    return HttpResponse(status=204)


@notifications.post(
    "/channels/{int:channel_id}/test", response={202: DeliveryOut}, openapi_extra=_MAKES
)
def test_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Sends a test, once: read its delivery until it is sent or given_up, with the reason."""
    actor, key = Actor.of_request(request, "api"), idempotency_key(request)
    sent = acts.test(channel_id, actor=actor, idempotency_key=key)
    return json_answer(delivery_out(sent), status=202)


@notifications.get(
    "/deliveries", response=DeliveryPage, openapi_extra=list_parameters(DeliveryFilter)
)
def list_deliveries(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """What was told, and what waits or failed; the newest first. Order by id."""
    rows = filtered(DeliveryFilter, request, _deliveries(request))
    return json_answer(
        page_of(rows, paging, orderings=_OF_DELIVERIES, default="-id", out=delivery_out)
    )


@notifications.get("/deliveries/{int:delivery_id}", response=DeliveryOut)
def show_delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return json_answer(delivery_out(found(_deliveries(request), delivery_id)))


@notifications.post("/deliveries/{int:delivery_id}/try-again", response={202: DeliveryOut})
def try_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One that failed or was given up begins anew."""
    row = acts.try_again(delivery_id, actor=Actor.of_request(request, "api"))
    return json_answer(delivery_out(row), status=202)


def _channels(request: HttpRequest) -> QuerySet[Channel]:
    need_everywhere(request.user, acts.NEEDED)
    return Channel.objects.select_related("host", "site__host", "tag")


def _deliveries(request: HttpRequest) -> QuerySet[Delivery]:
    need_everywhere(request.user, acts.NEEDED)
    return Delivery.objects.select_related("channel")
