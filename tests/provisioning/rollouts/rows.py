"""Sites on the first version of a template that has a second one, and what a worker would do."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from audit.record import Actor
from provisioning.models import Operation, Rollout
from provisioning.releases.models import Release
from provisioning.rollouts import acts
from provisioning.rollouts.planning import Plan, Rolling, plan
from provisioning.site_templates.models import SiteTemplate
from sites.models import Host, Site
from tests.provisioning.site_rows import make_release, make_site

COMPOSE = (
    "services:\n  web: {{image: 'nginx:1.{minor}', mem_limit: 64m, restart: always, "
    "logging: {{driver: json-file, options: {{max-size: 1m, max-file: '2'}}}}}}\n"
)
MANIFEST: dict[str, Any] = {"name": "Page", "web_service": "web", "web_port": 80}


def make_template(slug: str = "page", *, versions: int = 2, **newest: Any) -> SiteTemplate:
    row, _ = SiteTemplate.objects.get_or_create(slug=slug)
    for number in range(1, versions + 1):
        manifest = MANIFEST | (newest if number == versions else {})
        files = {"compose.yml": COMPOSE.format(minor=26 + number)}
        row.versions.create(number=number, manifest=manifest, files=files)
    return row


def make_sites(host: Host, *names: str, **values: Any) -> list[Site]:
    """Each with a first release that runs."""
    rows = [make_site(host, name, **{"template": "page", **values}) for name in names]
    for row in rows:
        make_release(row, compose=COMPOSE.format(minor=27), env={})
    return rows


def rolled(actor: Actor, *sites: Site, **wanted: Any) -> Rollout:
    told = Rolling(template="page", sites=[site.pk for site in sites] or None, **wanted)
    return acts.begin(told, actor=actor, among=Site.objects.all())


def planned(actor: Actor, *sites: Site, **wanted: Any) -> Plan:
    told = Rolling(template="page", sites=[site.pk for site in sites] or None, **wanted)
    return plan(told, actor=actor, among=Site.objects.all())


def end(site: Site, status: str = "succeeded", message: str = "") -> Operation:
    """What a worker makes of the site's release that is under way."""
    row = Operation.objects.active().get(kind="site.release", site=site)
    releases = Release.objects.filter(site=site)
    new = releases.get(number=row.params["number"])
    if status == "succeeded":
        releases.filter(status="current").update(status="past")
        releases.filter(pk=new.pk).update(status="current")
        Site.objects.filter(pk=site.pk).update(template_version=new.template_version)
    else:
        releases.filter(pk=new.pk).update(status="failed")
    row.status, row.message, row.finished_at = status, message, timezone.now()
    row.save()
    return row


def under_way() -> list[str]:
    rows = Operation.objects.active().filter(kind="site.release")
    return sorted(rows.values_list("target_name", flat=True))


def stands(row: Rollout) -> dict[str, str]:
    """What is said of each site."""
    return {one.site.name: one.status for one in row.sites.select_related("site")}
