"""Who stands in the way of an operation beside the one that holds its own lock."""

from __future__ import annotations

from django.db.models import Q

from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb
from sites.models import Site


def around(row: Operation) -> Operation | None:
    """What is under way on the whole of which this is a part, or on a part of this whole.

    A container must not be restarted inside a release of its site. The lock on the site's row
    lets one such question in at a time.
    """
    if row.site_id is None:
        return _among_things(row, VERBS[row.kind])
    Site.objects.select_for_update().filter(pk=row.site_id).exists()
    active = Operation.objects.active().filter(site_id=row.site_id).exclude(lock__in=("", row.lock))
    if row.target_type != "site":
        return active.filter(target_type="site").first()
    return active.first() or _clearing(row)


def _among_things(row: Operation, verb: Verb) -> Operation | None:
    """What is about to use what this would remove, or to remove what this is about to use.

    The locks on the rows of all the host's sites let in either this question or a site's.
    """
    if not (verb.alone or verb.builds):
        return None
    rows = Site.objects.select_for_update().filter(host=row.host).order_by("pk")
    list(rows.values_list("pk"))
    return _using(row) if verb.alone else _clearing(row)


def _using(row: Operation) -> Operation | None:
    uses = Q(target_type="site") | Q(kind__in=_kinds(builds=True))
    active = Operation.objects.active().filter(uses, host=row.host)
    return active.exclude(lock="").exclude(kind__in=_kinds(reads_only=True)).first()


def _clearing(row: Operation) -> Operation | None:
    if VERBS[row.kind].reads_only:
        return None
    active = Operation.objects.active().filter(host=row.host)
    return active.filter(kind__in=_kinds(alone=True)).first()


def _kinds(**wanted: bool) -> list[str]:
    return [
        kind
        for kind, verb in VERBS.items()
        if all(getattr(verb, name) == value for name, value in wanted.items())
    ]
