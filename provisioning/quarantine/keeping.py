"""Into quarantine and out of it: our record of a removed site, whole, for as long as it rests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from provisioning.quarantine.models import Quarantine, rest
from provisioning.releases.models import Release
from sites.models import Domain, Site

_SITE: Final = (
    "project", "name", "tenant", "environment", "template", "template_version", "params",
    "working_dir",
)  # fmt: skip
_DOMAIN: Final = (
    "name", "kind", "tls", "service", "port", "routes", "basic_auth", "access_log",
)  # fmt: skip
_RELEASE: Final = (
    "compose", "secret_names", "files", "template", "template_version", "serving",
)  # fmt: skip


def keep(
    site: Site, release: Release, volumes: list[str], folder: str, *, by: str, now: datetime
) -> Quarantine:
    """What the site was, and what of it is still on its host."""
    row = Quarantine(
        host=site.host, name=site.name, volumes=volumes, folder=folder, created_by=by[:150]
    )
    row.until = now + rest()
    row.seal(
        {
            "site": _some(site, _SITE),
            "domains": [_some(one, _DOMAIN) for one in site.domains.all()],
            "release": {**_some(release, _RELEASE), "env": release.reveal()},
        }
    )
    row.save(force_insert=True)
    return row


def draft_of(row: Quarantine, *, by: str) -> Site:
    """The site again, as a draft with its last release; provisioning it finds its volumes."""
    told: dict[str, Any] = row.reveal()
    with transaction.atomic():
        site = Site.objects.create(
            host=row.host, managed=True, stage=Site.Stage.DRAFT, **told["site"]
        )
        for one in told["domains"]:
            Domain.objects.create(site=site, host=row.host, **one)
        env = told["release"].pop("env")
        release = Release(site=site, number=1, created_by=by[:150], **told["release"])
        release.seal(env)
        release.save(force_insert=True)
    return site


def _some(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
