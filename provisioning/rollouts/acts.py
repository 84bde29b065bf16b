"""Beginning, stopping and going on with a rollout. Each is on record, and so is each refusal."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from audit.acts import record_act
from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError, Refused
from provisioning.engine.errors import Conflict, KeyReused
from provisioning.operations.contract import VerbError
from provisioning.permission import reach_of
from provisioning.releases.numbers import base_of
from provisioning.rollouts.advancing import NOT_REACHED, advance, end
from provisioning.rollouts.models import Rollout, RolloutSite
from provisioning.rollouts.planning import (
    MAX_SITES,
    NEEDED,
    NO_RIGHT,
    Line,
    Plan,
    Rolling,
    chosen,
    plan,
)
from sites.models import Host, Site
from sites.models.site import SiteQuerySet
from sites.rights import Place


def begin(
    wanted: Rolling, *, actor: Actor, among: SiteQuerySet, idempotency_key: str | None = None
) -> Rollout:
    """Prepares the release of every site, or of none, and starts the first.

    Raises VerbError naming the site that is in the way, and what `plan` raises.
    """
    key = (idempotency_key or "")[:100] or None
    try:
        with transaction.atomic():
            row = _earlier(wanted, actor, key)
            if row is None:
                _lock(chosen(wanted, among))
                row = _earlier(wanted, actor, key) or _prepared(wanted, actor, among, key)
    except (EngineError, VerbError) as error:
        _on_record("begin", wanted.template, actor, error=error)
        raise
    except IntegrityError:
        raise KeyReused from None
    return _on(row)


def stop(row: Rollout, *, actor: Actor, idempotency_key: str | None = None) -> Rollout:
    """Nothing more is started; what runs comes to its end. Raises Refused, Conflict when done."""
    _permit(row, actor, "stop", NEEDED[:1])
    with transaction.atomic():
        row = Rollout.objects.select_for_update().get(pk=row.pk)
        if _is_news(row, idempotency_key) and row.status == Rollout.Status.RUNNING:
            words = f"Stopped by {actor.name}. {NOT_REACHED}"
            end(row, Rollout.Status.STOPPED, words, timezone.now())
            _on_record("stop", str(row), actor, row=row)
    return _on(row)


def resume(row: Rollout, *, actor: Actor, idempotency_key: str | None = None) -> Rollout:
    """Goes on in this actor's name; what failed is tried again. Raises Refused, Conflict."""
    _permit(row, actor, "resume", NEEDED)
    with transaction.atomic():
        row = Rollout.objects.select_for_update().get(pk=row.pk)
        if _is_news(row, idempotency_key) and row.status == Rollout.Status.STOPPED:
            row.actor_id, row.actor_name = actor.user_id, actor.name[:150]
            row.source, row.status = actor.source, Rollout.Status.RUNNING
            row.message, row.ended_at = "", None
            row.save()
            row.sites.filter(status=RolloutSite.Status.FAILED).update(
                status=RolloutSite.Status.WAITING, message="", attempt=F("attempt") + 1
            )
            row.sites.update(busy_since=None)
            _on_record("resume", str(row), actor, row=row)
    return _on(row)


def _on(row: Rollout) -> Rollout:
    advance(row.pk)
    row.refresh_from_db()
    return row


def _lock(sites: list[Site]) -> None:
    """Before the first entry of the audit, and in one order: nobody waits for each other."""
    hosts = Host.objects.filter(pk__in={site.host_id for site in sites}).order_by("pk")
    list(hosts.select_for_update(no_key=True).values_list("pk"))
    rows = Site.objects.filter(pk__in=[site.pk for site in sites]).order_by("pk")
    list(rows.select_for_update().values_list("pk"))


def _prepared(wanted: Rolling, actor: Actor, among: SiteQuerySet, key: str | None) -> Rollout:
    made = plan(wanted, actor=actor, among=among)
    _must_fit(made, by_name=wanted.sites is not None)
    batch = uuid.uuid4().hex
    lines = [_line(line, made, actor, batch) for line in made.sites]
    row = Rollout.objects.create(
        template=made.template, version=made.version, wave_size=made.wave_size, batch=batch,
        actor_id=actor.user_id, actor_name=actor.name[:150], begun_by=actor.name[:150],
        source=actor.source, idempotency_key=key,
    )  # fmt: skip
    for line in lines:
        line.rollout = row
    RolloutSite.objects.bulk_create(lines)
    _on_record("begin", str(row), actor, row=row)
    return row


def _must_fit(made: Plan, *, by_name: bool) -> None:
    """Of sites that were named, each; of all there are, at least one."""
    wrong = made.left_out if by_name or not made.sites else []
    if wrong:
        words = f"{wrong[0].site.name}: {wrong[0].reason}."
        if wrong[0].reason == NO_RIGHT:
            raise Refused(words, field="sites")
        raise VerbError(words, code="left_out", field="sites")
    if not made.sites:
        words = f"No site that you see comes from {made.template}."
        raise VerbError(words, code="no_sites", field="sites")
    if len(made.sites) > MAX_SITES:
        words = f"These are {len(made.sites)} sites: name {MAX_SITES} of them at most."
        raise VerbError(words, code="too_many", field="sites")


def _line(line: Line, made: Plan, actor: Actor, batch: str) -> RolloutSite:
    site = Site.objects.get(pk=line.site.pk)
    base = base_of(site).number
    told = {
        "revision": site.revision,
        "template_version": made.version,
        "message": f"Version {made.version} of {made.template}",
    }
    try:
        done = engine.start("site.configure", site, actor=actor, params=told, batch=batch)
    except (EngineError, VerbError) as error:
        words = f"{site.name}: {error.message} Nothing was prepared on any site."
        raise VerbError(words, code=error.code, field="sites", status=error.status) from error
    return RolloutSite(
        site=site, wave=line.wave, from_version=site.template_version, base=base,
        number=done.result["release"],
    )  # fmt: skip


def _earlier(wanted: Rolling, actor: Actor, key: str | None) -> Rollout | None:
    """The rollout that this key already stands for."""
    if key is None:
        return None
    row = Rollout.objects.filter(begun_by=actor.name[:150], idempotency_key=key).first()
    if row is None:
        return None
    sites = set(row.sites.values_list("site_id", flat=True))
    same = (row.template, row.wave_size) == (wanted.template, wanted.wave_size)
    if not same or wanted.version not in (None, row.version):
        raise KeyReused
    if wanted.sites is not None and set(wanted.sites) != sites:
        raise KeyReused
    return row


def _is_news(row: Rollout, key: str | None) -> bool:
    """Whether this was not asked for already. Raises Conflict when there is nothing left to do."""
    if key and key[:100] == row.last_key:
        return False
    if row.status == Rollout.Status.DONE:
        raise Conflict(f"Rollout {row.pk} is done.", code="already_ended")
    row.last_key = (key or "")[:100]
    row.save(update_fields=["last_key"])
    return True


def _permit(row: Rollout, actor: Actor, act: str, needed: tuple[str, ...]) -> None:
    """On every site of it, also on those that this actor does not see."""
    places = [one.site.place for one in row.sites.select_related("site")]
    reaches = [reach_of(actor, permission) for permission in needed]
    if not all(one.covers(*place) for place in places for one in reaches):
        error = Refused(f"{actor.name or 'You'} may not {act} this: not all of its sites.")
        _on_record(act, str(row), actor, row=row, error=error)
        raise error


def _on_record(
    act: str, name: str, actor: Actor, *, row: Rollout | None = None,
    error: EngineError | VerbError | None = None,
) -> None:  # fmt: skip
    rows = list(row.sites.select_related("site__host")) if row else []
    told: dict[str, Any] = {"sites": [f"{one.site.host.name}/{one.site.name}" for one in rows]}
    if row:
        told |= {"version": row.version, "wave_size": row.wave_size, "batch": row.batch}
    record_act(
        f"rollout.{act}",
        actor=actor,
        key=row.pk if row else None,
        name=name,
        place=_place(rows),
        after=told if row and not error else None,
        error=error,
    )


def _place(rows: list[RolloutSite]) -> Place:
    """The narrowest that holds all of its sites; what is on several hosts has none."""
    hosts = {one.site.host_id for one in rows}
    host = hosts.pop() if len(hosts) == 1 else None
    return host, rows[0].site_id if len(rows) == 1 else None
