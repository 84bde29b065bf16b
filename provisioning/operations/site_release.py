"""A release becomes the current one only when it is healthy and its address answers.

Services of which two may run at once are replaced without a dropped request: the new container is
started beside the old one, proven, and only then does the proxy change over and the old one go.
Other services stop for it, and the plan says so; when the new ones fail, the old are started again.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning import inventory
from provisioning.drivers import compose, compose_parse, host_files
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.host import HostDriver
from provisioning.log_archive.keeping import keep_proxy_log
from provisioning.operations import site_address
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.site_work import Work, carry_out, persist
from provisioning.plans.asking import plan_release
from provisioning.plans.facts import Found
from provisioning.plans.making import recreated, started
from provisioning.releases.models import Release
from provisioning.releases.numbers import retire_old
from provisioning.sightings import service as service_of
from sites.models import Site


class Releasing(BaseModel):
    """``number`` of the release; without one the newest that was prepared, or for a rollback the
    one that was current before."""

    model_config = ConfigDict(extra="forbid")
    number: int | None = Field(default=None, ge=1)
    plan_digest: str | None = Field(default=None, max_length=64)


def release(op: Op, host: HostDriver) -> None:
    """Makes a prepared release the current one, once it has proven itself."""
    _change_to(op, host, chosen(op.target, op.row.kind, op.params.number))


def rollback(op: Op, host: HostDriver) -> None:
    """Makes a release that was current before the current one again, by the same way."""
    _change_to(op, host, chosen(op.target, op.row.kind, op.params.number))


def chosen(site: Site, kind: str, number: int | None) -> Release:
    """The release that is meant. Raises VerbError when there is none."""
    rows = site.releases.exclude(status=Release.Status.CURRENT)
    if number is not None:
        row = site.releases.filter(number=number).first()
    elif kind == "site.rollback":
        row = rows.filter(status=Release.Status.PAST).order_by("-current_since").first()
    else:
        row = rows.filter(status=Release.Status.PREPARED).order_by("-number").first()
    if row is None:
        raise VerbError(f"{site.name} has no such release.", code="no_release")
    return row


def _change_to(op: Op, host: HostDriver, new: Release) -> None:
    site: Site = op.target
    old = site.releases.filter(status=Release.Status.CURRENT).first()
    if not op.recall("checked"):
        if site.stage != Site.Stage.LIVE or not site.managed or old is None:
            raise VerbError(f"{site.name} has no release that runs yet.", code="conflict")
        if old == new:
            raise VerbError(f"{new} is the current release already.", code="conflict")
        op.remember(old=str(old.pk), new=str(new.pk))
    work = Work.of(op, host, Release.objects.get(pk=op.recall("new")))
    before = Work.of(op, host, Release.objects.get(pk=op.recall("old")))
    carry_out(
        op,
        lambda: _forward(work),
        lambda: _undo(work, before),
        is_done=lambda: bool(op.recall("proven")),
        undone=f"{before.release} serves on.",
    )
    op.conclude(f"{work.release} is current; {before.release} was before.",
                release=work.release.number)  # fmt: skip


def _forward(work: Work) -> None:
    if not work.op.recall("proven"):
        _bring_up(work)
        work.op.remember(proven=True)  # from here on there is no way back, only to the end
    persist(work.op, lambda: _finish(work))


def _bring_up(work: Work) -> None:
    op = work.op
    with op.step("Check", percent=5):
        model = _checked(work)
    with op.step("Files", percent=15):
        op.remember(begun=True)
        work.write_candidate()
    with op.step("Images", percent=20):
        work.get_images(model)
    with op.step("Start", percent=50):
        _start(work, model)
    with op.step("Healthy", percent=60):
        work.wait_healthy(_new_ones(work) if op.recall("beside") else None)
        if op.recall("beside"):
            site_address.prove_beside(work, _new_states(work))
    with op.step("Proxy", percent=80):
        _serve(work)
    with op.step("Answer", percent=85):
        site_address.prove(work)
        work.still_healthy(_new_ones(work) if op.recall("beside") else None)


def _finish(work: Work) -> None:
    """It serves already: neither a cancellation nor the deadline leaves it half done."""
    with work.op.step("Finish", percent=90, goes_on=True):
        work.put_in_place()
        _settle(work)
    with work.op.step("Remove the old", percent=95, goes_on=True):
        _retire(work)


def _checked(work: Work) -> dict[str, Any]:
    op = work.op
    plan, _, found = plan_release(op.row.kind, work.release, driver=work.host, asker=work.name)
    if op.recall("checked"):
        return found.model
    if op.params.plan_digest not in (None, plan.digest):
        words = "Something has changed since the plan was made; look at the new plan."
        raise VerbError(words, code="plan_stale")
    if plan.blocking:
        raise VerbError(plan.blocking[0].message, code=plan.blocking[0].code)
    replaced = recreated(work.wanted, found)
    op.remember(
        checked=True,
        beside=all(name in work.wanted.stateless for name in replaced),
        replaced=replaced,
        started=started(found),
        old_ids=[one.docker_id for one in found.containers],
        unwanted=_unwanted(found),
        volumes=_new_names(found, "volumes", found.volumes),
        networks=_new_names(found, "networks", found.networks),
        before={"release": Release.objects.get(pk=op.recall("old")).number},
    )
    return found.model


def _new_names(found: Found, what: str, there: frozenset[str]) -> list[str]:
    named = (found.model.get(what) or {}).values()
    return sorted(one["name"] for one in named if one["name"] not in there)


def _unwanted(found: Found) -> list[str]:
    services = found.hashes.keys()
    return [one.docker_id for one in found.containers if service_of(one) not in services]


def _start(work: Work, model: dict[str, Any]) -> None:
    op = work.op
    if not op.recall("beside"):
        work.keep_logs(op.recall("old_ids"), services=op.recall("replaced"))
        return work.compose(compose.up(work.candidate))
    if added := op.recall("started"):
        work.compose(compose.up(work.candidate, services=added, no_recreate=True))
    for service in op.recall("replaced"):
        wanted = compose_parse.replicas(model, service)
        if len(_of_service(work, service, _new_ones(work))) < wanted:
            both = {service: wanted + len(_of_service(work, service, op.recall("old_ids")))}
            work.compose(
                compose.up(
                    work.candidate, services=[service], no_deps=True, no_recreate=True, scale=both
                )
            )


def _new_ones(work: Work) -> list[str]:
    old = set(work.op.recall("old_ids"))
    return [one.docker_id for one in work.containers() if one.docker_id not in old]


def _new_states(work: Work) -> list[ContainerState]:
    new = _new_ones(work)
    return [one for one in work.containers() if one.docker_id in new]


def _of_service(work: Work, service: str, docker_ids: list[str]) -> list[ContainerState]:
    return [
        one
        for one in work.containers()
        if one.docker_id in docker_ids and service_of(one) == service
    ]


def _serve(work: Work) -> None:
    """Where the new containers stand beside the old ones, requests change over to them."""
    if work.op.recall("beside"):
        site_address.switch(work, _new_states(work))
    else:
        site_address.serve(work)


def _settle(work: Work) -> None:
    now = timezone.now()
    new = _new_ones(work)
    images = {
        service_of(one): one.image_id
        for one in work.containers()
        if one.docker_id in new or one.docker_id not in _goes(work)
    }
    with transaction.atomic():
        rows = Release.objects.filter(site=work.site)
        rows.filter(status=Release.Status.CURRENT).exclude(pk=work.release.pk).update(
            status=Release.Status.PAST
        )
        # Why it failed before is over; what somebody wrote of the change stays in the list.
        rows.filter(pk=work.release.pk, status=Release.Status.FAILED).update(message="")
        rows.filter(pk=work.release.pk).update(
            status=Release.Status.CURRENT,
            current_since=now,
            images=images,
            operation=work.op.row,
        )
        Site.objects.filter(pk=work.site.pk).update(
            template=work.release.template, template_version=work.release.template_version
        )
        inventory.publish_site(work.site)
        work.op.remember(after={"release": work.release.number})


def _goes(work: Work) -> list[str]:
    """The containers that the new ones took the place of, and those no longer wanted."""
    op = work.op
    gone: list[str] = list(op.recall("unwanted"))
    if op.recall("beside"):
        for service in op.recall("replaced"):
            gone += [one.docker_id for one in _of_service(work, service, op.recall("old_ids"))]
    return gone


def _retire(work: Work) -> None:
    goes = _goes(work)
    work.keep_logs(goes)
    keep_proxy_log(work.op, work.host, work.site)
    work.remove_containers(goes)
    for number in retire_old(work.site):
        folder = f"{work.folder}/releases/{number}"
        host_files.remove_tree(work.host, folder, below=work.folder, sudo=work.sudo)


def _undo(work: Work, before: Work) -> None:
    """The address first, then the containers, then the files: at no moment is none served."""
    op = work.op
    percent = op.row.percent
    with op.step("Take back: containers", percent=percent, goes_on=True):
        work.give_names_back()
        if not op.recall("beside"):
            before.write_candidate()  # an adopted site has no files of ours yet
            before.compose(compose.up(before.candidate, remove_orphans=True))
            before.wait_healthy()
    with op.step("Take back: proxy", percent=percent, goes_on=True):
        site_address.take_back(work)
    with op.step("Take back: what was new", percent=percent, goes_on=True):
        if op.recall("beside"):
            work.remove_containers(_new_ones(work), grace_s=2)
        work.remove_networks(op.recall("networks"))
        work.remove_volumes(op.recall("volumes"))
        _take_back_files(work, before)
    row = Release.objects.get(pk=work.release.pk)
    row.operation = op.row
    if row.status != Release.Status.PAST:  # one that was good once stays so, with its own words
        row.status, row.message = Release.Status.FAILED, op.recall("undoing")
    row.save(update_fields=["message", "operation", "status"])


def _take_back_files(work: Work, before: Work) -> None:
    texts = before.wanted.texts()
    for name in work.wanted.files.keys() - before.wanted.files.keys():
        path = f"{work.folder}/{name}"
        host_files.remove_tree(work.host, path, below=work.folder, sudo=work.sudo)
    for name in before.wanted.files:
        path = f"{work.folder}/{name}"
        host_files.write(work.host, path, texts[name], mode=0o644, sudo=work.sudo)
    if work.release.status != Release.Status.PAST:
        folder = f"{work.folder}/releases/{work.release.number}"
        host_files.remove_tree(work.host, folder, below=work.folder, sudo=work.sudo)
