"""From wave to wave. Runs in the monitor every few seconds, maybe in two places at once.

Each site is begun in one transaction with its note, under the lock of the rollout: whoever is
killed has begun it or has not, and nobody begins it twice.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.engine.errors import Busy
from provisioning.live import publish_operation
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.releases.models import Release
from provisioning.rollouts.models import Rollout, RolloutSite
from sites.models import Site

log = logging.getLogger(__name__)

BUSY_FOR: Final = timedelta(minutes=15)
NOT_REACHED: Final = "Sites that were not reached keep their version; their releases stay prepared."
_ENDED: Final = (RolloutSite.Status.DONE, RolloutSite.Status.SKIPPED)


def advance_all() -> None:
    for key in Rollout.objects.under_way().values_list("pk", flat=True):
        try:
            advance(key)
        except DatabaseError:
            raise
        except Exception:  # a mistake of ours in one must not hold up the others
            log.exception("rollout %s cannot go on", key)


def advance(key: int, *, now: datetime | None = None) -> None:
    """Notes what has ended and begins what may begin; ends the rollout when nothing is left."""
    now = now or timezone.now()
    while _one_step(key, now):
        pass


def _one_step(key: int, now: datetime) -> bool:
    """Begins one site at most; False when there is nothing to do until later."""
    with transaction.atomic():
        row = Rollout.objects.select_for_update().filter(pk=key).first()
        if row is None:
            return False
        sites = list(row.sites.select_related("operation").defer("operation__journal"))
        _settle(sites)
        if row.status != Rollout.Status.RUNNING:
            return False
        if failed := [one for one in sites if one.status == RolloutSite.Status.FAILED]:
            words = f"Stopped in wave {failed[0].wave}: a release did not succeed. {NOT_REACHED}"
            return end(row, Rollout.Status.STOPPED, words, now)
        left = [one for one in sites if one.status not in _ENDED]
        if not left:
            skipped = any(one.status == RolloutSite.Status.SKIPPED for one in sites)
            return end(row, Rollout.Status.DONE, "Done." if not skipped else
                       "Done, but for sites that were changed meanwhile.", now)  # fmt: skip
        return any(_begin(row, one, now) for one in _next(sites, left))


def end(row: Rollout, status: str, message: str, now: datetime) -> bool:
    row.status, row.message, row.ended_at = status, message, now
    row.save(update_fields=["status", "message", "ended_at"])
    begun = row.sites.exclude(operation=None).order_by("-operation")
    last = begun.select_related("operation").first()
    if last is not None and last.operation:
        publish_operation(last.operation)  # for pages that show it
    return False


def _settle(sites: list[RolloutSite]) -> None:
    for one in sites:
        if one.status != RolloutSite.Status.RUNNING or (one.operation and one.operation.is_active):
            continue
        done = one.operation is not None and one.operation.status == Operation.Status.SUCCEEDED
        told = one.operation.message if one.operation else "Its operation is gone."
        _note(one, "done" if done else "failed", "" if done else told)
        if one.operation:
            publish_operation(one.operation)  # for pages that show it


def _next(sites: list[RolloutSite], left: list[RolloutSite]) -> list[RolloutSite]:
    """The present wave's; until one has succeeded, one at a time, whatever the waves say."""
    waiting = [one for one in left if one.status == RolloutSite.Status.WAITING]
    if not any(one.status == RolloutSite.Status.DONE for one in sites):
        return waiting[:1] if len(waiting) == len(left) else []
    return [one for one in waiting if one.wave == left[0].wave]


def _begin(row: Rollout, one: RolloutSite, now: datetime) -> bool:
    """Whether anything has come of it."""
    site = Site.objects.select_for_update().filter(pk=one.site_id).first()
    if site is None:
        return False  # gone at this very moment, and its row here with it
    if site.releases.filter(number=one.number, status=Release.Status.CURRENT).exists():
        return _note(one, "done", "")  # somebody released it by hand
    if reason := _changed(site, one):
        return _note(one, "skipped", reason)
    if Operation.objects.active().filter(site=site).exclude(lock="").exists():
        return _wait(one, now)
    try:
        one.operation = engine.start(
            "site.release", site, actor=_actor(row), params={"number": one.number},
            idempotency_key=f"{row.batch}:{site.pk}:{one.attempt}", batch=row.batch,
        )  # fmt: skip
    except Busy:  # something is removed from its host
        return _wait(one, now)
    except (EngineError, VerbError) as error:
        return _note(one, "failed", error.message)
    return _note(one, "running", "")


def _wait(one: RolloutSite, now: datetime) -> bool:
    if one.busy_since is None:
        one.busy_since = now
        one.save(update_fields=["busy_since"])
    late = now - one.busy_since > BUSY_FOR
    return late and _note(one, "failed", "Something else was done with it for too long.")


def _changed(site: Site, one: RolloutSite) -> str:
    """Nothing newer is overwritten: neither what somebody released nor what they prepared."""
    releases = dict(site.releases.values_list("number", "status"))
    if not site.managed or site.stage != Site.Stage.LIVE:
        return "It is no longer managed, or not live."
    if max(releases, default=0) != one.number:
        return f"It was changed meanwhile: release {one.number} is not its newest."
    if releases.get(one.base) != Release.Status.CURRENT:
        return f"It was changed meanwhile: release {one.base} is not its current one."
    return ""


def _note(one: RolloutSite, status: str, message: str) -> bool:
    one.status, one.message = RolloutSite.Status(status), message
    told = {"status": one.status, "message": message, "operation": one.operation}
    return bool(RolloutSite.objects.filter(pk=one.pk).update(**told))


def _actor(row: Rollout) -> Actor:
    return Actor(user_id=row.actor_id, name=row.actor_name, source=row.source)
