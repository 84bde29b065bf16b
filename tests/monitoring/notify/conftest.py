from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitoring.notify.models import Channel
from monitoring.notify.notices import Notice

CHANNELS = Callable[..., Channel]


def notice(title: str = "web1 is not reachable", **given: Any) -> Notice:
    usual: dict[str, Any] = {
        "key": "host-unreachable:1", "kind": "firing", "severity": "critical",
        "body": "web1 does not answer since 10:00 UTC.", "path": "/admin/", "host_id": None,
        "site_id": None,
    }  # fmt: skip
    return Notice(**{**usual, "title": title, **given})


@pytest.fixture
def channel(db: None) -> CHANNELS:
    """Makes channels, each by a name of its own."""

    def make(url: str = "json://127.0.0.1:9/", **given: Any) -> Channel:
        count = Channel.objects.count() + 1
        row = Channel.objects.create(**{"name": f"channel {count}", "kind": "json", **given})
        row.seal(url)
        row.save()
        return row

    return make
