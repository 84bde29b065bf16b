"""What can be done about backups: look at them now, and say on which NAS whose lie."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audit.actor import Actor
from provisioning import engine
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.drivers.errors import DriverError
from provisioning.engine.errors import EngineError
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from sites.models import Grant, Host, Site
from tests.people import person
from tests.provisioning.backups.things import TOP, backed_up, make_nas, make_source
from tests.provisioning.backups.trees import FakeNas
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper() -> Host:
    return make_nas()


@pytest.fixture
def site() -> Site:
    return make_site(make_host())


def put(nas: FakeNas, name: str = "shop/a.tar", *, hours: float = 5, size: int = 1000) -> None:
    at = int((datetime.now() - timedelta(hours=hours)).timestamp())
    nas.tree.put(name, at=at, size=size)


def done(kind: str, target: Any, **params: Any) -> Operation:
    row = engine.start(kind, target, actor=COMMAND, params=params)
    if row.is_active:
        engine.run(row.pk)
        row.refresh_from_db()
    return row


def set_up(keeper: Host, site: Site, **params: Any) -> BackupSource:
    done("nas.set", keeper, root=TOP, hosts=[site.host_id], **params)
    return BackupSource.objects.get()


# -- looking now -----------------------------------------------------------------------------------


def test_a_look_on_demand_says_what_it_found(nas: FakeNas, keeper: Host, site: Site) -> None:
    put(nas)
    set_up(keeper, site)
    row = done("backup.check", site)
    assert (row.status, row.message) == ("succeeded", "shop: backups are fresh.")
    assert row.result == {"state": "fresh", "problems": []}
    assert SiteBackup.objects.get().newest_name == "a.tar"


def test_one_site_is_read_and_the_turn_of_the_nas_stays(
    nas: FakeNas, keeper: Host, site: Site
) -> None:
    put(nas, hours=60)
    put(nas, "blog/a.tar")
    make_site(site.host, "blog")
    source = set_up(keeper, site)
    row = done("backup.check", site)
    assert row.message == "shop: backups are too old."
    assert row.result["problems"] == ["the newest one is older than 48 hours"]
    source.refresh_from_db()
    assert source.due_at is None and source.read_at
    assert [one.count for one in SiteBackup.objects.order_by("site__name")] == [0, 1]


def test_a_nas_that_cannot_be_read_is_a_failure_and_noted(
    nas: FakeNas, keeper: Host, site: Site
) -> None:
    source = set_up(keeper, site)
    nas.error = DriverError("nas1: SFTP gives no answer", "timeout")
    row = done("backup.check", site)
    assert (row.status, row.error_code) == ("failed", "timeout")
    assert row.message.startswith("The NAS nas1 cannot be read: it is too slow, or hangs")
    source.refresh_from_db()
    assert source.error_code == "timeout" and source.failing_since


def test_a_site_without_a_nas_is_told_so(nas: FakeNas, site: Site) -> None:
    row = done("backup.check", site)
    assert (row.status, row.error_code) == ("failed", "no_nas")


def test_all_of_a_nas(nas: FakeNas, keeper: Host, site: Site) -> None:
    put(nas)
    source = set_up(keeper, site)
    row = done("nas.check", keeper)
    assert (row.status, row.message) == ("succeeded", "The backups on nas1 were read.")
    source.refresh_from_db()
    assert source.connected(now=timezone.now()) is True
    nas.tree.files.clear()
    nas.tree.folders = dict.fromkeys(list(nas.tree.folders)[:1], 0)
    row = done("nas.check", keeper)
    assert (row.status, row.error_code) == ("failed", "unmounted")
    assert "is empty: there were backups before" in row.message
    assert SiteBackup.objects.get().count == 1
    assert done("nas.check", make_nas("nas2")).error_code == "no_nas"


# -- what lies where ------------------------------------------------------------------------------


def test_a_nas_is_set_up_and_changed(keeper: Host, site: Site) -> None:
    row = done("nas.set", keeper, root=f"{TOP}/", hosts=[site.host_id], pattern="/{site}/*.gz")
    source = BackupSource.objects.get()
    assert (source.root, source.pattern, source.every_minutes) == (TOP, "{site}/*.gz", 60)
    assert row.message == f"Backups are looked for on nas1 in {TOP}."
    assert SiteBackup.objects.get().site == site
    BackupSource.objects.update(due_at=timezone.now() + timedelta(hours=1))
    done("nas.set", keeper, root=TOP, every_minutes=15, marker=".here")
    source.refresh_from_db()
    assert (source.pattern, source.every_minutes, source.marker) == ("{site}/*.gz", 15, ".here")
    assert source.due_at is None
    assert list(source.hosts.all()) == [site.host]


def test_another_pattern_forgets_what_was_seen(keeper: Host, site: Site) -> None:
    source = set_up(keeper, site)
    SiteBackup.objects.all().delete()
    backed_up(site, source)
    done("nas.set", keeper, root=TOP, least_percent=10)
    assert SiteBackup.objects.get().count == 3
    done("nas.set", keeper, root=TOP, pattern="{site}-*")
    assert SiteBackup.objects.get().count == 0


def test_a_nas_is_forgotten(keeper: Host, site: Site) -> None:
    set_up(keeper, site)
    engine.start("nas.forget", keeper, actor=COMMAND, params={"root": TOP}, confirm_name="nas1")
    assert not BackupSource.objects.exists() and not SiteBackup.objects.exists()


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"root": "backups"}, "root"), ({"root": "/a/../b"}, "root"), ({"root": "/"}, "root"),
        ({"root": "/a\nb"}, "root"), ({"pattern": "*"}, "pattern"),
        ({"pattern": "{site}/../*"}, "pattern"), ({"marker": "a/b"}, "marker"),
        ({"marker": ".."}, "marker"), ({"every_minutes": 4}, "every_minutes"),
        ({"least_percent": 0}, "least_percent"), ({"hosts": [999]}, "hosts"),
        ({"sites": [-1]}, "sites"), ({"sites": [2**70]}, "sites"), ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_what_cannot_be_set(keeper: Host, params: dict[str, Any], field: str) -> None:
    with pytest.raises((VerbError, EngineError)) as caught:
        done("nas.set", keeper, **{"root": TOP, **params})
    assert str(getattr(caught.value, "field", "")).partition(".")[0] == field
    assert not BackupSource.objects.exists()


def test_this_machine_is_no_nas(site: Site) -> None:
    with pytest.raises(VerbError, match="is not reached by SSH"):
        done("nas.set", site.host, root=TOP)


def test_backups_of_one_host_lie_in_one_place(keeper: Host, site: Site) -> None:
    set_up(keeper, site)
    with pytest.raises(VerbError, match="lie elsewhere already"):
        done("nas.set", make_nas("nas2"), root=TOP, hosts=[site.host_id])


def test_nobody_speaks_for_sites_of_others(keeper: Host, site: Site) -> None:
    """Who manages the NAS only cannot claim a host, nor see whether it exists; what others have
    said stays."""
    charlie = person("charlie")
    _give(charlie, keeper)
    with pytest.raises(VerbError, match=f"there is no host {site.host_id}"):
        _set(charlie, keeper, hosts=[site.host_id])
    with pytest.raises(VerbError, match="there is no host 999"):
        _set(charlie, keeper, hosts=[999])
    source = set_up(keeper, site)
    _set(charlie, keeper, hosts=[], every_minutes=30)
    assert list(source.hosts.all()) == [site.host]


def _give(user: User, host: Host) -> None:
    from django.contrib.auth.models import Group

    Grant.objects.create(role=Group.objects.get(name="admin"), user=user, host=host)


def _set(user: User, keeper: Host, **params: Any) -> None:
    engine.start(
        "nas.set",
        keeper,
        actor=Actor(name=user.username, source="api", user_id=user.pk),
        params={"root": TOP, **params},
    )


def test_a_nas_with_others_sites_is_told_without_their_names(keeper: Host, site: Site) -> None:
    from provisioning.backups.nas_telling import sources_out

    charlie = person("charlie")
    _give(charlie, keeper)
    backed_up(site, make_source(keeper, site.host, error_code="timeout"))
    (told,) = sources_out(charlie)
    assert (told["hosts"], told["sites"], sum(told["states"].values())) == ([], [], 0)
    assert told["reason"] == "it is too slow, or hangs"
