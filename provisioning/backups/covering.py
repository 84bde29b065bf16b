"""Which site's backups lie where: the NAS that names the site, else the one that names its host."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from provisioning.backups.models import BackupSource, SiteBackup
from sites.models import Site


def cover() -> int:
    """Each site that is to have backups gets its row, others lose theirs; how many have changed.

    A site that is not on its host yet has nothing to be backed up.
    """
    SiteBackup.objects.filter(site__in=_placed(Site.objects.all()).filter(wanted=None)).delete()
    wrong = ~Q(backup__source_id=F("wanted")) | Q(backup=None)
    changed = 0
    for key, source in _placed(Site.objects.all()).filter(wrong, wanted__isnull=False).values_list(
        "pk", "wanted"
    ):  # fmt: skip
        changed += _place(key, source)
    return changed


def _place(site: int, source: int) -> bool:
    """What was seen elsewhere says nothing of here."""
    try:
        with transaction.atomic():
            SiteBackup.objects.filter(site_id=site).delete()
            SiteBackup.objects.create(site_id=site, source_id=source)
            BackupSource.objects.filter(pk=source).update(due_at=None)
    except IntegrityError:
        return False  # one of them was removed meanwhile, or somebody else did the same
    return True


def _placed(rows: QuerySet[Site]) -> Any:
    """With ``wanted``: the key of the source, None for those that have none."""
    by_site = BackupSource.objects.filter(sites=OuterRef("pk")).order_by("pk")
    by_host = BackupSource.objects.filter(hosts=OuterRef("host_id")).order_by("pk")
    named = Coalesce(Subquery(by_site.values("pk")[:1]), Subquery(by_host.values("pk")[:1]))
    drafts = Q(stage=Site.Stage.DRAFT)
    return rows.exclude(drafts).annotate(wanted=named).order_by("pk")
