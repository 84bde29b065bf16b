from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from monitoring.database import DatabaseThreads
from monitoring.means import Means
from monitoring.usage.usage import Samples
from monitoring.watcher import Watcher
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.host import HostDriver
from sites.models import Host

WATCHES = Callable[..., Watcher]


class NoExtras:
    """Remembers who was offered."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    def offer(self, host: Host, driver: HostDriver) -> None:
        self.offered.append(host.name)


class NoUsage:
    """Nothing is sampled; remembers what was begun and ended, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, host: int, driver: HostDriver) -> Samples:
        self.told.append("begun")
        return self

    def look_soon(self) -> None:
        self.told.append("look")

    def close(self) -> None:
        self.told.append("ended")


@pytest.fixture
def fake() -> FakeHost:
    """A host in memory with a compose project of two containers and one of none."""
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    return FakeHost(
        containers=[
            fake_container("shop-web-1", labels=labels),
            fake_container("shop-db-1", labels={**labels, "com.docker.compose.service": "db"}),
            fake_container("legacy"),
        ]
    )


@pytest.fixture
def watch(fake: FakeHost) -> Iterator[WATCHES]:
    """Starts watchers whose every connection leads to the host in memory; stops them at the end."""
    database = DatabaseThreads()
    watchers: list[Watcher] = []

    def start(host: Host, *, interval_s: float = 60.0, **means: Any) -> Watcher:
        usual = Means(
            database=database,
            extras=NoExtras(),
            usage=NoUsage(),
            interval_s=interval_s,
            connect=lambda target: fake,
        )
        watcher = Watcher(host.pk, means=replace(usual, **means))
        watchers.append(watcher)
        watcher.start()
        return watcher

    yield start
    for watcher in watchers:
        watcher.stop()
    for watcher in watchers:
        watcher.join(5)
    database.close()
    assert all(watcher.done for watcher in watchers)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every message about hosts and containers, in order."""
    messages: list[dict[str, Any]] = []

    def publish(topics: list[str], message: dict[str, Any], **given: Any) -> None:
        messages.append({**message, "topics": topics})

    for module in ("provisioning.inventory", "provisioning.reach"):
        monkeypatch.setattr(f"{module}.publish", publish)
    return messages
