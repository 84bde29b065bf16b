"""That a site is wholly there, or wholly gone: asked of the host, and of our rows."""

from __future__ import annotations

from provisioning.drivers import dotenv
from provisioning.plans.asking import plan_release
from provisioning.releases.models import Release
from sites.models import Site
from tests.lab.host import Host as LabHost
from tests.provisioning.site_runs.acts import seen
from tests.provisioning.site_runs.world import world

FOLDER = "/srv/sites/corner"


def as_served(host: LabHost, site: Site, title: str) -> None:
    """One container of each service, the files of the current release, and nothing left to do."""
    assert seen(host) == (200, title)
    site.refresh_from_db()
    current = site.releases.get(status=Release.Status.CURRENT)
    names = [name for name in world(host).containers if name.startswith("corner-")]
    services = sorted(name.split("-")[1] for name in names)
    assert services == ["store", "web"], names
    text = host.run("cat", f"{FOLDER}/.env").stdout
    assert dotenv.load(text) == current.reveal()
    plan, _, _ = plan_release("site.release", current)
    assert plan.to_do == []


def as_removed(host: LabHost, key: int) -> None:
    there = world(host)
    assert not [name for name in there.containers if name.startswith("corner-")]
    assert not [name for name in there.networks if name.startswith("corner_")]
    assert not [name for name in there.files if name.startswith(FOLDER)]
    assert "corner_store" in there.volumes, "its data rests, and is not destroyed"
    assert "corner.example.test" not in there.vhosts
    assert not Site.objects.filter(pk=key).exists()
