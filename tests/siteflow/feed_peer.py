"""The other process of a feed's test: `feed_peer write|read PATH BUS COUNT PAUSE_S`."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from siteflow.feed import FeedLayer

GROUP = "feed"


async def write(layer: FeedLayer, count: int, pause_s: float) -> None:
    for number in range(count):
        message = {"type": "feed", "n": number, "at": time.monotonic(), "text": "x" * 1000}
        await layer.group_send(GROUP, message)
        if pause_s:
            await asyncio.sleep(pause_s)


async def read(layer: FeedLayer, count: int) -> list[int]:
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    print("ready", flush=True)
    return [(await layer.receive(channel))["n"] for _ in range(count)]


async def main(what: str, path: str, bus: str, count: str, pause_s: str) -> None:
    layer = FeedLayer(path=path, bus=bus)
    if what == "write":
        await write(layer, int(count), float(pause_s))
    else:
        print(json.dumps(await read(layer, int(count))), flush=True)
    await layer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
