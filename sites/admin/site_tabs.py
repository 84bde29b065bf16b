"""What each tab on the page of a site reads."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest

from monitoring.charts import page as charts
from provisioning.backups.rows import backup_rows
from provisioning.backups.telling import backup_out
from provisioning.buttons import buttons
from provisioning.log_archive.shown import archive_rows
from provisioning.releases.models import Release
from sites.admin.logs import site_logs
from sites.admin.metrics import metrics_tab
from sites.admin.reading import entries_of, operations_of, under_way
from sites.admin.site_config import config_form
from sites.models import Site
from sites.rights import may_on
from sites.rows import container_rows
from sites.schemas import container_out

TABS: Final = (
    "overview",
    "logs",
    "metrics",
    "domains",
    "releases",
    "config",
    "operations",
    "audit",
)
MAX_SHOWN: Final = 200


def tab_context(request: HttpRequest, site: Site, tab: str) -> dict[str, Any]:
    if tab == "domains":
        return {"domains": list(site.domains.all())}
    if tab == "metrics":
        return metrics_tab(request, charts.of_site, site)
    if tab == "logs":
        return _logs(request, site)
    if tab == "releases":
        return {"releases": list(releases_of(site))}
    if tab == "config":
        return config_form(request, site)
    if tab == "operations":
        return {"operations": operations_of(request, "site", site.pk)}
    if tab == "audit":
        return {"entries": entries_of(request, "site", site.pk)}
    return _overview(request, site)


def releases_of(site: Site) -> Any:
    return site.releases.defer("encrypted", "compose", "files").order_by("-number")


def offers(request: HttpRequest, site: Site) -> dict[str, Any]:
    """Which verbs make sense now, and which of them this account may use."""
    may_manage = may_on(request.user, "sites.manage_site", site)
    may_operate = may_on(request.user, "sites.operate_site", site)
    live = site.managed and site.stage == Site.Stage.LIVE
    found = {row.status for row in site.releases.only("status")} if site.managed else set()
    waits = Release.Status.PREPARED in found
    return {
        "may_manage": may_manage,
        "may_operate": may_operate,
        "may_reveal": may_on(request.user, "sites.reveal_site", site),
        "may_release": may_operate and live and waits,
        "may_roll_back": may_operate and live and Release.Status.PAST in found,
        "may_provision": may_manage and site.managed and site.stage == Site.Stage.DRAFT,
        "may_adopt": may_manage and not site.managed,
        "may_end": may_manage and live,
        "waits": waits,
    }


def _logs(request: HttpRequest, site: Site) -> dict[str, Any]:
    found = container_rows(request.user).filter(site=site).order_by("compose_service", "name")
    kept = archive_rows(request.user).filter(site=site)[:MAX_SHOWN]
    return {**site_logs(site, found[:MAX_SHOWN]), "archives": list(kept)}


def _overview(request: HttpRequest, site: Site) -> dict[str, Any]:
    found = container_rows(request.user).filter(site=site).order_by("compose_service", "name")
    containers = list(found[:MAX_SHOWN])
    return {
        "items": [container_out(each) for each in containers],
        "under_way": under_way(request, "container", [each.pk for each in containers]),
        "buttons": buttons(request.user, "container", site),
        "domains": list(site.domains.all()),
        "backup": backup_out(row) if (row := _backup(request, site)) else None,
    }


def _backup(request: HttpRequest, site: Site) -> Any:
    return backup_rows(request.user).filter(pk=site.pk).first()
