"""A process that publishes: each line of its stdin is an order, each ends with a line "done"."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import django

django.setup()

from channels.layers import get_channel_layer  # noqa: E402
from django.utils import timezone  # noqa: E402

from sites import live  # noqa: E402
from sites.models import Container, Host  # noqa: E402
from sites.schemas import container_out  # noqa: E402
from tests.benchmarks.fanout.plain import GROUP  # noqa: E402

BYTES: Final = 1024
_HOST: Final = Host(pk=1, name="web1", state="reachable", inventory_at=timezone.now())
_CONTAINER: Final = container_out(
    Container(
        pk=1, host=_HOST, docker_id="a" * 64, name="shop-web-1", image="nginx:1", state="running",
        state_since=timezone.now(), observed_at=timezone.now(), ports=[],
    )
)  # fmt: skip
_loop = asyncio.new_event_loop()


def message(number: int) -> dict[str, Any]:
    """A container's update of about a kilobyte that says when it was published."""
    item = {**_CONTAINER, "version": number}
    told = {"type": "containers.update", "sent": time.monotonic(), "n": number, "items": [item]}
    told["removed"] = []
    return told | {"filler": "x" * (BYTES - len(live.encode(told)))}


def ours(told: dict[str, Any]) -> None:
    live.publish(["containers"], told, scope={"permission": "sites.view_container", "host": 1})


def plainly(told: dict[str, Any]) -> None:
    sent = {"type": "update", "text": live.encode(told)}
    _loop.run_until_complete(get_channel_layer().group_send(GROUP, sent))


WAYS: Final[dict[str, Callable[[dict[str, Any]], None]]] = {"ours": ours, "plain": plainly}


def publish(way: str, *, first: int, count: int, rate: float) -> None:
    begun = time.monotonic()
    for number in range(count):
        # The pace is what is measured: each message has its moment.
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        WAYS[way](message(first + number))
    live.flush(timeout_s=30)


if __name__ == "__main__":
    for line in sys.stdin:
        order = json.loads(line)
        publish(order.pop("way"), **order)
        print("done", flush=True)
