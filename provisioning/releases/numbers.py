"""A site's releases by number: the next one, the one to begin from, and how many are kept."""

from __future__ import annotations

from typing import Final

from provisioning.releases.models import Release
from sites.answers import NotFound
from sites.models import Site

KEPT: Final = 20


def next_number(site: Site) -> int:
    """The caller holds the site's row, so that nobody else takes the same."""
    last = site.releases.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def base_of(site: Site) -> Release:
    """What an edit begins from: the current release, of a draft the last one. Raises NotFound."""
    row = site.releases.filter(status=Release.Status.CURRENT).first()
    row = row or site.releases.order_by("-number").first()
    if row is None:
        raise NotFound("release")
    return row


def origin_of(row: Release) -> Release:
    """The first release of the same version of its template: as the template made it, before
    people changed it."""
    same = row.site.releases.filter(template=row.template, template_version=row.template_version)
    return same.order_by("number").first() or row


def retire_old(site: Site) -> list[int]:
    """Forgets all but the newest of the past and failed releases, and tells which; pinned stay,
    and what tells what people have changed of the template's."""
    ended = (Release.Status.PAST, Release.Status.FAILED)
    rows = Release.objects.filter(site=site, pinned=False, status__in=ended).order_by("-number")
    rows = rows.exclude(pk=origin_of(base_of(site)).pk)
    old = dict(rows.values_list("pk", "number")[KEPT:])
    Release.objects.filter(pk__in=list(old)).delete()
    return list(old.values())
