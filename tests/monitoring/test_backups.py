"""The monitor looks at NAS by itself, each by itself, and none that hangs holds up another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from monitoring.backups import BackupLooks
from monitoring.database import DatabaseThreads
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.drivers.errors import DriverError
from sites.models import Credential, Host
from tests.monitoring.waiting import until
from tests.provisioning.backups.things import TOP, make_nas
from tests.provisioning.backups.trees import FakeNas, Tree
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db(transaction=True)


class Network:
    """NAS by their names."""

    def __init__(self) -> None:
        self.hosts: dict[str, Any] = {}

    def connect(self, target: Any) -> Any:
        return self.hosts[target.name]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def looks(network: Network) -> Iterator[BackupLooks]:
    """It never has a turn by itself here."""
    database = DatabaseThreads()
    one = BackupLooks(database=database, turn_s=3600, connect=network.connect)
    yield one
    until(lambda: not one._under_way)
    one.close()
    database.close()


def nas(network: Network, name: str, *, hours: float = 5) -> tuple[Host, FakeNas]:
    """It keeps the backups of a host of its own with one site."""
    credential = Credential(kind="password")
    credential.seal("secret")
    credential.save()
    row = make_nas(name, credential=credential)
    host = make_host(f"web-of-{name}")
    make_site(host, f"shop-{name}")
    source = BackupSource.objects.create(nas=row, root=TOP)
    source.hosts.add(host)
    tree = Tree()
    tree.put(f"shop-{name}/a.tar", at=int(datetime.now().timestamp() - hours * 3600))
    network.hosts[name] = FakeNas(tree)
    return row, network.hosts[name]


def turn(looks: BackupLooks) -> None:
    looks.turn()
    until(lambda: not looks._under_way)


def states() -> dict[str, str]:
    rows = SiteBackup.objects.live().select_related("site")
    return {row.site.name: row.live_state for row in rows}


def test_what_is_due_is_looked_at_and_then_left_alone(
    looks: BackupLooks, network: Network
) -> None:  # fmt: skip
    nas(network, "nas1")
    turn(looks)
    assert states() == {"shop-nas1": "fresh"}
    first = BackupSource.objects.get().tried_at
    turn(looks)
    assert BackupSource.objects.get().tried_at == first
    BackupSource.objects.update(due_at=None)
    turn(looks)
    assert BackupSource.objects.get().tried_at != first


def test_a_nas_that_hangs_delays_no_other(looks: BackupLooks, network: Network) -> None:
    held = threading.Event()
    nas(network, "nas1")
    network.hosts["nas1"].run = lambda *args, **options: held.wait(30)
    nas(network, "nas2")
    nas(network, "nas3", hours=60)
    looks.turn()
    until(lambda: states().get("shop-nas2") == "fresh" and states().get("shop-nas3") == "stale")
    assert states()["shop-nas1"] == "unknown"
    BackupSource.objects.update(due_at=None)
    assert looks._busy() == {Host.objects.get(name="nas1").pk}
    network.hosts["nas1"] = FakeNas()
    held.set()


def test_a_nas_that_is_not_reached_is_noted(looks: BackupLooks, network: Network) -> None:
    _, fake = nas(network, "nas1")
    turn(looks)
    fake.error = DriverError("nas1: connection refused", "refused")
    BackupSource.objects.update(due_at=None)
    turn(looks)
    row = BackupSource.objects.get()
    assert (row.error_code, states()) == ("refused", {"shop-nas1": "unknown"})
    assert SiteBackup.objects.get().count == 1


def test_a_nas_whose_key_has_changed_is_not_asked(looks: BackupLooks, network: Network) -> None:
    row, _ = nas(network, "nas1")
    Host.objects.filter(pk=row.pk).update(state="key_changed")
    del network.hosts["nas1"]
    turn(looks)
    assert BackupSource.objects.get().error_code == "host_key_changed"


def test_a_mistake_of_ours_makes_nothing_look_well(
    looks: BackupLooks, network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "monitoring.rounds")
    _, fake = nas(network, "nas1")
    fake.tree = None  # type: ignore[assignment]
    turn(looks)
    row = BackupSource.objects.get()
    assert row.error_code == "internal_error" and "says nothing" in row.error
    assert "failed unexpectedly" in caplog.text
    BackupSource.objects.update(due_at=None)
    assert looks._busy() == {row.nas_id}  # it rests


def test_it_has_turns_by_itself(network: Network) -> None:
    database = DatabaseThreads()
    looks = BackupLooks(database=database, turn_s=0.01, connect=network.connect)
    nas(network, "nas1")
    looks.start()
    until(lambda: states() == {"shop-nas1": "fresh"})
    looks.close()
    until(lambda: not looks._under_way)
    database.close()


def test_a_removed_nas_is_let_go(looks: BackupLooks, network: Network) -> None:
    row, fake = nas(network, "nas1")
    asked = fake.run

    def removed(*args: Any, **options: Any) -> Any:
        Host.objects.filter(pk=row.pk).delete()
        connection.close()  # of the thread that looks, which has none but here
        return asked(*args, **options)

    fake.run = removed  # type: ignore[method-assign]
    turn(looks)
    assert not SiteBackup.objects.exists()
