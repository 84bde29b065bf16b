"""One call to a plan: for a release of a site, and for a site that has no row yet."""

from __future__ import annotations

from typing import Any

from provisioning.drivers.host import HostDriver
from provisioning.drivers.pool import host_driver
from provisioning.operations.contract import VerbError
from provisioning.plans import sources
from provisioning.plans.elsewhere import conflicts, nowhere
from provisioning.plans.facts import Found, read_found
from provisioning.plans.making import plan_of
from provisioning.plans.shape import Plan
from provisioning.plans.wanted import Wanted, wanted_from, wanted_of
from provisioning.releases import drafting
from provisioning.releases.models import Release
from provisioning.targets import target_of
from sites.models import Host, Site


def plan_release(
    kind: str,
    release: Release,
    *,
    driver: HostDriver | None = None,
    reuse_volumes: bool = False,
    asker: str = "",
) -> tuple[Plan, Wanted, Found]:
    """Reads the host now. Raises DriverError when it cannot be read, or compose refuses the file.

    ``kind`` is the verb the plan is for: site.provision, site.release or site.rollback. ``asker``
    is the name of an operation that asks.
    """
    site: Site = release.site
    wanted = wanted_of(release)
    return _plan(kind, site, wanted, driver, row=site, reuse_volumes=reuse_volumes, asker=asker)


def plan_new(host: Host, told: dict[str, Any], *, reuse_volumes: bool = False) -> Plan:
    """For a site as `NewSite` says it. Raises VerbError when it cannot be one, and DriverError."""
    made = drafting.draft(host, told, by="")
    made.release.site = made.site
    wanted = wanted_from(made.release, made.env, made.domain_names)
    plan, _, _ = _plan("site.provision", made.site, wanted, None, reuse_volumes=reuse_volumes)
    return plan


def _plan(
    kind: str,
    site: Site,
    wanted: Wanted,
    driver: HostDriver | None,
    *,
    row: Site | None = None,
    reuse_volumes: bool,
    asker: str = "",
) -> tuple[Plan, Wanted, Found]:
    host = site.host
    # Before compose is asked: its words about a file that is none may quote that file.
    for problem in sources.problems(wanted.compose):
        raise VerbError(problem.message, code=problem.code, field="compose", status=422)
    found = read_found(driver or host_driver(target_of(host)), host, wanted, asker)
    plan = plan_of(
        kind,
        wanted,
        found,
        site=site.name,
        host=host.name,
        elsewhere=(
            *conflicts(host, site.name, wanted.domains, site=row),
            *(nowhere(row, found.model.get("services", {})) if row else ()),
        ),
        reuse_volumes=reuse_volumes,
    )
    return plan, wanted, found
