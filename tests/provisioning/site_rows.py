"""Rows for tests of sites: a managed one with its releases, and what its host would answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning.plans.facts import Found
from provisioning.proxy.models import Proxy
from provisioning.quarantine.keeping import keep
from provisioning.quarantine.models import Quarantine
from provisioning.releases.models import Release
from provisioning.rollouts.models import Rollout
from sites.models import Domain, Host, Site

COMPOSE = (
    "services:\n  web:\n    image: nginx:1.27\n    environment:\n      SITE_TITLE: ${SITE_TITLE}\n"
)
ENV = {"SITE_TITLE": "Shop", "DB_PASSWORD": "never-to-be-seen"}


def make_site(host: Host, name: str = "shop", *, domain: str = "", **values: Any) -> Site:
    told = {
        "managed": True, "stage": "live", "tenant": "sites", "environment": "production",
        "template": "static", "template_version": 1, "working_dir": f"/srv/sites/{name}",
    }  # fmt: skip
    site = Site.objects.create(host=host, project=name, name=name, **(told | values))
    if domain:
        make_proxy(host)
        Domain.objects.create(site=site, host=host, name=domain)
    return site


def make_proxy(host: Host) -> Proxy:
    """Without one, no site with a domain can be planned on the host."""
    return Proxy.objects.get_or_create(host=host)[0]


def make_release(
    site: Site,
    number: int = 1,
    *,
    status: str = "current",
    env: dict[str, str] | None = None,
    **values: Any,
) -> Release:
    told = {"compose": COMPOSE, "secret_names": ["DB_PASSWORD"], "template": site.template,
            "template_version": site.template_version}  # fmt: skip
    row = Release(site=site, number=number, status=status, **(told | values))
    if status == "current":
        row.current_since = timezone.now()
    row.seal(ENV if env is None else env)
    row.save(force_insert=True)
    return row


def make_rollout(site: Site, *, status: str = "running") -> Rollout:
    """Of the next version, with a release that is not there any more."""
    row = Rollout.objects.create(
        template=site.template, version=2, wave_size=5, status=status, begun_by="admin",
        actor_name="admin", source="command", batch="0" * 32,
    )  # fmt: skip
    row.sites.create(site=site, wave=1, from_version=1, base=1, number=2)
    return row


def make_quarantine(host: Host, name: str = "old") -> Quarantine:
    """What is left of a site that was removed three days ago."""
    site = make_site(host, name)
    release = make_release(site)
    now = timezone.now() - timedelta(days=3)
    row = keep(site, release, [f"{name}_db"], f"/srv/.quarantine/{name}-1", by="alice", now=now)
    site.delete()
    return row


def nothing_there(project: str = "shop", **values: Any) -> Found:
    """A host on which nothing of the site is yet."""
    told: dict[str, Any] = {
        "folder_exists": False,
        "texts": {},
        "containers": (),
        "others": frozenset(),
        "networks": frozenset(),
        "volumes": frozenset(),
        "images": {},
        "model": {
            "name": project,
            "services": {"web": {"image": "nginx:1.27"}},
            "volumes": {"db": {"name": f"{project}_db"}},
        },
        "hashes": {"web": "h1"},
        "taken": {},
        "leading_out": (),
        "disk_free_bytes": 10**12,
    }  # fmt: skip
    return Found(**(told | values))
