"""Secrets of a site in clear: a right of its own, and never without an entry in the audit."""

from __future__ import annotations

from audit.record import Actor, record
from provisioning.engine.errors import Refused
from provisioning.permission import holds
from provisioning.releases.models import Release
from sites.models import Site

PERMISSION = "sites.reveal_site"


def reveal(site: Site, release: Release, *, actor: Actor) -> dict[str, str]:
    """The environment of a release. Raises Refused; who asked in vain is on record as well."""
    if not holds(actor, PERMISSION, site):
        error = Refused(f"{actor.name or 'You'} may not read the secrets of {site.name}.")
        _on_record(site, release, actor, status="refused", error=error.message)
        raise error
    env = release.reveal()
    _on_record(site, release, actor, status="succeeded")
    return env


def _on_record(site: Site, release: Release, actor: Actor, *, status: str, error: str = "") -> None:
    record(
        phase="event",
        action="site.reveal",
        status=status,
        actor=actor,
        target_type="site",
        target_id=site.pk,
        target_name=site.name,
        host_name=site.host.name,
        place=site.place,
        after={"release": release.number, "names": sorted(release.secret_names)},
        error=error,
        error_code="forbidden" if error else "",
    )
