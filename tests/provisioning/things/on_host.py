"""A host in memory with images, volumes and networks: some are used, some are nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import engine
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_things import fake_image
from provisioning.drivers.things import NetworkState, VolumeState
from provisioning.engine import worker
from provisioning.models import Operation
from provisioning.sightings import PROJECT_LABEL
from sites.models import Host
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_release, make_site

SHOP = {PROJECT_LABEL: "shop"}
MADE = datetime(2026, 1, 2, tzinfo=UTC)


def image_id(digit: str) -> str:
    return "sha256:" + digit * 64


def volume(name: str, **values: Any) -> VolumeState:
    return VolumeState(name, "local", f"/volumes/{name}/_data", **values)


def network(name: str, **values: Any) -> NetworkState:
    return NetworkState(name.encode().hex().ljust(64, "0")[:64], name, "bridge", **values)


def filled() -> FakeHost:
    """``web`` runs, ``old`` is stopped. Image 1 and 2 are theirs, 3 is kept by a release of shop,
    4 has two names, 5 none, and nobody uses the last two."""
    host = FakeHost(
        containers=[
            fake_container("web", image="nginx:1.27", image_id=image_id("1"),
                           volumes=("shop_db",), networks=("shop_default",),
                           labels={**SHOP, "fake.volumes": "shop_db"}),
            fake_container("old", state="exited", image="job:1", image_id=image_id("2"),
                           volumes=("spare",), networks=("side",),
                           labels={"fake.volumes": "spare"}),
        ]
    )  # fmt: skip
    fill(host)
    host.ran.clear()
    return host


def fill(host: FakeHost) -> None:
    """What is there besides containers."""
    for digit, names in {
        "1": ("nginx:1.27", "nginx:also"), "2": ("job:1",), "3": ("shop-web:latest",),
        "4": ("free:1", "free:2"), "5": (),
    }.items():  # fmt: skip
        made = fake_image("x", image_id=image_id(digit), size_bytes=100 * int(digit))
        made = fake_image(
            "x", image_id=made.image_id, names=names, size_bytes=made.size_bytes, created_at=MADE
        )
        host.images |= dict.fromkeys(names or (made.image_id,), made)
    for one in (volume("shop_db", labels=SHOP), volume("shop_old", labels=SHOP), volume("spare"),
                volume("free"), volume("a" * 64)):  # fmt: skip
        host.volumes[one.name] = one
    for name in ("bridge", "host", "none", "siteflow_proxy", "side", "free"):
        host.networks[name] = network(name)
    host.networks["shop_default"] = network("shop_default", labels=SHOP, containers=("web",))
    host.networks["shop_back"] = network("shop_back", labels=SHOP)


def rows() -> Host:
    """The host's row, with the site shop, its containers and what its release ran with."""
    host = make_host()
    site = make_site(host)
    make_release(site, images={"web": image_id("3")})
    for name, seen in filled().containers.items():
        make_container(host, name, docker_id=seen.docker_id,
                       site=site if name == "web" else None)  # fmt: skip
    return host


def start(host: Host, kind: str, *, confirm: str | None = None, **params: Any) -> Operation:
    return engine.start(kind, host, actor=COMMAND, params=params, confirm_name=confirm)


def ran(host: Host, kind: str, *, confirm: str | None = None, **params: Any) -> Operation:
    row = start(host, kind, confirm=confirm, **params)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


class Killed(BaseException):
    """A worker ends without a word, as by SIGKILL."""


@contextmanager
def dying_at(step: str, when: str) -> Iterator[None]:
    def hit(kind: str, name: str, moment: str) -> None:
        if (name, moment) == (step, when):
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provisioning.engine.running.failpoints.hit", hit)
        patch.setattr(worker, "finish", lambda *args, **values: None)
        yield


def taken_over(row: Operation) -> Operation:
    """The lease of a dead worker ends, and another one goes on."""
    past = timezone.now() - timedelta(seconds=30)
    Operation.objects.filter(pk=row.pk).update(lease_until=past, rung_at=past)
    engine.run(row.pk)
    row.refresh_from_db()
    return row
