"""The JSON shape of releases and of a site's configuration. Secrets are masked in all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from provisioning.releases.comparing import diff_of
from provisioning.releases.masking import masked_compose, masked_env, masked_env_text
from provisioning.releases.models import Release
from provisioning.releases.numbers import base_of
from sites.answers import NotFound
from sites.models import Site


class ReleaseOut(Schema):
    """``status`` is SiteFlow's own record; ``observed_at``: when it was made, or became current.
    ``message`` says why it failed, or what changed. ``images``: service → id, once it ran."""

    number: int
    status: str
    observed_at: datetime
    source: str
    pinned: bool
    message: str
    template: str
    template_version: int | None
    images: dict[str, str]
    created_by: str
    created_at: datetime
    current_since: datetime | None
    operation: int | None


class ReleaseDetail(ReleaseOut):
    """``diff`` compares with the release ``against``: the current one unless another is named."""

    site: int
    compose: str
    env: dict[str, str]
    secret_names: list[str]
    files: dict[str, str]
    against: int | None
    diff: str


class ConfigOut(Schema):
    """``release`` is what an edit begins from, ``prepared`` the newest that waits to be released.

    ``env`` is an .env file; a value that reads ••• is secret, and stays as it is when it is sent
    back like that. So does a masked line of ``compose``.
    """

    site: int
    revision: int
    release: int
    status: str
    prepared: int | None
    template: str
    template_version: int | None
    compose: str
    env: str
    secret_names: list[str]


_COMPUTED = {"operation", "observed_at", "source"}
_AS_THEY_ARE = [name for name in ReleaseOut.model_fields if name not in _COMPUTED]


def release_out(row: Release) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        "observed_at": row.current_since or row.created_at,
        "source": "record",
        "operation": row.operation_id,
    }


def release_detail(row: Release, against: Release | None) -> dict[str, Any]:
    return {
        **release_out(row),
        "site": row.site_id,
        "compose": masked_compose(row.compose),
        "env": masked_env(row),
        "secret_names": row.secret_names,
        "files": row.files,
        "against": against.number if against else None,
        "diff": diff_of(against, row),
    }


def config_out(site: Site) -> dict[str, Any]:
    """Raises NotFound for a site that has no release: nothing of it was ever kept."""
    row = base_of(site)
    waiting = site.releases.filter(status=Release.Status.PREPARED, number__gt=row.number)
    return {
        "site": site.pk,
        "revision": site.revision,
        "release": row.number,
        "status": row.status,
        "prepared": waiting.order_by("-number").values_list("number", flat=True).first(),
        "template": row.template,
        "template_version": row.template_version,
        "compose": masked_compose(row.compose),
        "env": masked_env_text(row),
        "secret_names": row.secret_names,
    }


def release_of(site: Site, number: int) -> Release:
    """Raises NotFound."""
    row = site.releases.filter(number=number).first() if 0 < number < 2**31 else None
    if row is None:
        raise NotFound("release")
    return row


def compared_with(site: Site, row: Release, against: int | None) -> Release | None:
    """The release to compare with: the one named, else the current one, else the one before."""
    if against is not None:
        return release_of(site, against)
    current = site.releases.filter(status=Release.Status.CURRENT).first()
    if current is not None and current.pk != row.pk:
        return current
    return site.releases.filter(number__lt=row.number).order_by("-number").first()
