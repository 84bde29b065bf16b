"""Each way of a site's life as something that can be done again and again, and looked at after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provisioning import engine
from provisioning.models import Operation, Quarantine
from provisioning.new_site import provision_new
from sites.models import Host, Site
from tests.lab.host import Host as LabHost
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs import olden
from tests.provisioning.site_runs.acts import asked, did, made, prepared, told, words
from tests.provisioning.site_runs.ground import ended
from tests.provisioning.site_runs.truth import FOLDER, as_removed, as_served
from tests.provisioning.site_runs.world import world


@dataclass
class Ground:
    """Where it all takes place; ``title`` is what the site says once the operation has ended."""

    place: Host
    host: LabHost
    title: str = "hello"
    key: int = 0
    asked_for: int = 0

    @property
    def site(self) -> Site:
        """The one that all of it is done to, which runs."""
        row = Site.objects.filter(project="corner", stage=Site.Stage.LIVE).first()
        if row is None:
            gone(self)
            row = made(self.place)
        self.key = row.pk
        return row


@dataclass(frozen=True)
class Flow:
    """``begin`` makes ready what it needs and asks for it. ``after`` raises AssertionError when it
    is not wholly done. ``breaks``: the place where it fails, if nothing else makes it.
    ``touches_nothing``: the host is the same before and after."""

    name: str
    begin: Callable[[Ground], Operation]
    after: Callable[[Ground], None]
    breaks: str = ""
    touches_nothing: bool = False


def gone(ground: Ground) -> None:
    """No site, and no rest of one."""
    row = Site.objects.filter(project="corner").first()
    if row and row.stage == Site.Stage.LIVE:
        removed = did(row, "site.deprovision", remove_volumes=True, remove_files=True)
        assert removed.status == "succeeded", words(removed)
    elif row:
        asked(row, "site.discard")
        ground.host.run("rm", "-rf", FOLDER)
        ground.host.run("docker", "volume", "rm", "corner_store", check=False)
    for kept in Quarantine.objects.all():
        purged = ended(asked_of(kept, "quarantine.purge"))
        assert purged.status == "succeeded", words(purged)


def asked_of(row: Any, kind: str) -> Operation:
    confirm = str(row) if kind == "quarantine.purge" else None
    return engine.start(kind, row, actor=COMMAND, confirm_name=confirm)


def _provision(mood: str = "good") -> Callable[[Ground], Operation]:
    def begin(ground: Ground) -> Operation:
        gone(ground)
        ground.title = "hello"
        given = told(params={"site_mood": mood})
        site, operation = provision_new(ground.place, given, actor=COMMAND)
        ground.key = site.pk
        return operation

    return begin


def _release(mood: str = "good", *, stops: bool = False) -> Callable[[Ground], Operation]:
    """``stops``: what holds data is replaced as well, so that two of it must not run at once."""

    def begin(ground: Ground) -> Operation:
        site = ground.site
        ground.asked_for += 1
        env = {"SITE_TITLE": f"title {ground.asked_for}", "SITE_MOOD": mood}
        if stops:
            env["STORE_PASSWORD"] = f"word {ground.asked_for}"
        ground.title = env["SITE_TITLE"]
        return asked(site, "site.release", number=prepared(site, **env))

    return begin


def _rollback(ground: Ground) -> Operation:
    site = ground.site
    past = site.releases.filter(status="past").order_by("-current_since").first()
    if past is None:
        done = ended(_release()(ground))
        assert done.status == "succeeded", words(done)
        return _rollback(ground)
    ground.title = past.reveal()["SITE_TITLE"]
    return asked(site, "site.rollback", number=past.number)


def _deprovision(ground: Ground) -> Operation:
    return asked(ground.site, "site.deprovision", remove_volumes=True, remove_files=True)


def _adopt(ground: Ground) -> Operation:
    row = Site.objects.filter(project="olden").first() or olden.found(ground.place, ground.host)
    if row.managed:
        assert asked(row, "site.disown").status == "succeeded"
        row.refresh_from_db()
    return asked(row, "site.adopt")


def _quarantined(kind: str) -> Callable[[Ground], Operation]:
    def begin(ground: Ground) -> Operation:
        removed = ended(_deprovision(ground))
        assert removed.status == "succeeded", words(removed)
        return asked_of(Quarantine.objects.get(), kind)

    return begin


def _served(ground: Ground) -> None:
    as_served(ground.host, Site.objects.get(pk=ground.key), ground.title)


def _removed(ground: Ground) -> None:
    as_removed(ground.host, ground.key)


def _adopted(ground: Ground) -> None:
    site = Site.objects.get(project="olden", managed=True, stage=Site.Stage.LIVE)
    assert site.releases.get().compose == olden.COMPOSE


def _restored(ground: Ground) -> None:
    site = Site.objects.get(project="corner", stage=Site.Stage.DRAFT)
    there = world(ground.host)
    assert site.releases.count() == 1 and not Quarantine.objects.exists()
    assert "corner_store" in there.volumes and f"{FOLDER}/compose.yml" in there.files


def _purged(ground: Ground) -> None:
    there = world(ground.host)
    assert not Quarantine.objects.exists() and not Site.objects.filter(project="corner").exists()
    assert "corner_store" not in there.volumes
    assert not [name for name in there.files if "corner" in name]


FLOWS: Final = (
    Flow("provision", _provision(), _served),
    Flow("provision, crashes", _provision("crash"), _served),
    Flow("provision, fails late", _provision(), _served, breaks="Answer/after"),
    Flow("release", _release(), _served),
    Flow("release, crashes", _release("crash"), _served),
    Flow("release, fails late", _release(), _served, breaks="Answer/after"),
    Flow("release, stops", _release(stops=True), _served),
    Flow("release, stops, fails late", _release(stops=True), _served, breaks="Answer/after"),
    Flow("rollback", _rollback, _served),
    Flow("rollback, fails late", _rollback, _served, breaks="Answer/after"),
    Flow("adopt", _adopt, _adopted, touches_nothing=True),
    Flow("deprovision", _deprovision, _removed),
    Flow("restore", _quarantined("quarantine.restore"), _restored),
    Flow("purge", _quarantined("quarantine.purge"), _purged),
)
