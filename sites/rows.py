"""What lists and snapshots read: the rows an account may see, with all their JSON needs.

Large columns that no list shows stay in the database; the number of queries is always one.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from sites.models import Container, Domain, Host, Site
from sites.models.container import ContainerQuerySet
from sites.rights import Viewer

# Who holds the machine's own command line holds its database already.
EVERYTHING: Final = User(is_superuser=True, is_active=True)
_HEAVY_OF_HOST = ("facts", "services", "host_key", "offered_key", "preflight")


def container_rows(user: Viewer) -> ContainerQuerySet:
    """For ``container_out``, with ``live_state`` to filter and order by."""
    heavy = (f"host__{name}" for name in _HEAVY_OF_HOST)
    rows = Container.objects.visible_to(user).live().select_related("host", "site")
    return rows.defer("labels", "attached", "site__config_files", *heavy)


def host_rows(user: Viewer) -> QuerySet[Host]:
    """For ``host_out``; the secret of the credential is not even read."""
    rows = Host.objects.visible_to(user).select_related("credential").prefetch_related("tags")
    return rows.defer("facts", "services", "credential__encrypted")


def site_rows(user: Viewer) -> QuerySet[Site]:
    """For ``site_out``: with the numbers of its containers, ``total`` and ``running``, and of its
    current release, ``release`` and ``released_at``."""
    heavy = (f"host__{name}" for name in _HEAVY_OF_HOST)
    rows = Site.objects.visible_to(user).select_related("host").defer(*heavy)
    rows = rows.prefetch_related("tags", "domains")
    current = FilteredRelation("releases", condition=Q(releases__status="current"))
    return counted_containers(rows).annotate(
        current=current,
        release=F("current__number"),
        released_at=F("current__current_since"),
    )


def counted_containers(rows: QuerySet[Site]) -> QuerySet[Site]:
    """Sites with ``total`` and ``running``, the numbers of their containers."""
    return rows.annotate(total=_count(), running=_count(state=Container.State.RUNNING))


def domain_rows(user: Viewer) -> QuerySet[Domain]:
    """For ``domain_out``."""
    heavy = (f"host__{name}" for name in _HEAVY_OF_HOST)
    return Domain.objects.visible_to(user).select_related("host", "site").defer(*heavy)


def _count(**only: str) -> Coalesce:
    found = Container.objects.filter(Q(site=OuterRef("pk")), **only).order_by().values("site")
    return Coalesce(Subquery(found.annotate(number=Count("pk")).values("number")), 0)
