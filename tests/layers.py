"""Another channel layer for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.layers import channel_layers


@contextmanager
def layer_in_place(layer: Any) -> Iterator[None]:
    """Then the one before; one that was not made yet is made when it is asked for."""
    before = channel_layers.set("default", layer)
    try:
        yield
    finally:
        channel_layers.set("default", before)
        if before is None:
            del channel_layers.backends["default"]
