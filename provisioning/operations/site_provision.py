"""From a draft to a site that answers: each step says how it is taken back, and a failure does."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning import inventory
from provisioning.drivers import compose, host_files
from provisioning.drivers.host import HostDriver
from provisioning.operations import site_address
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.site_work import Work, carry_out
from provisioning.plans.asking import plan_release
from provisioning.releases.models import Release
from provisioning.sightings import service as service_of
from sites.models import Site


class Provisioning(BaseModel):
    """``plan_digest`` of the plan that was looked at: the world may not have moved since.

    ``reuse_volumes``: volumes of these names that are there already are this site's.
    """

    model_config = ConfigDict(extra="forbid")
    plan_digest: str | None = Field(default=None, max_length=64)
    reuse_volumes: bool = False


def provision(op: Op, host: HostDriver) -> None:
    """Brings a site that is only planned up on its host, and serves it when it is healthy."""
    site: Site = op.target
    release = site.releases.order_by("number").last()
    if release is None or not site.managed:
        raise VerbError(f"{site.name} was not made by SiteFlow: adopt it.", code="conflict")
    if site.stage == Site.Stage.LIVE and not op.recall("begun"):
        raise VerbError(f"{site.name} is provisioned already.", code="conflict")
    work = Work.of(op, host, release)
    carry_out(
        op,
        lambda: _forward(work),
        lambda: _undo(work),
        is_done=lambda: Site.objects.filter(pk=site.pk, stage=Site.Stage.LIVE).exists(),
        undone=f"What was made on {site.host.name} was taken back.",
    )
    op.conclude(_words(work), release=release.number)


def _forward(work: Work) -> None:
    op = work.op
    with op.step("Check", percent=5):
        model = _checked(work)
    with op.step("Files", percent=15):
        op.remember(begun=True)
        work.write_candidate()
    with op.step("Images", percent=20):
        work.get_images(model)
    with op.step("Networks and volumes", percent=50):
        work.compose(compose.create(work.candidate))
    with op.step("Start", percent=60):
        work.compose(compose.up(work.candidate))
    with op.step("Healthy", percent=70):
        work.wait_healthy()
    with op.step("Proxy", percent=85):
        site_address.serve(work)
    with op.step("Answer", percent=90):
        site_address.prove(work)
        work.still_healthy()
    with op.step("Finish", percent=95):
        work.put_in_place()
        _settle(work)


def _checked(work: Work) -> dict[str, Any]:
    """The resolved compose file. What is there before is noted, once: the rest is ours to undo."""
    op = work.op
    plan, _, found = plan_release(
        op.row.kind,
        work.release,
        driver=work.host,
        reuse_volumes=op.params.reuse_volumes,
        asker=work.name,
    )
    if op.recall("checked"):
        return found.model  # a worker died after this: what is there by now is of its making
    if op.params.plan_digest not in (None, plan.digest):
        words = "Something has changed since the plan was made; look at the new plan."
        raise VerbError(words, code="plan_stale")
    if plan.blocking:
        first = plan.blocking[0]
        raise VerbError(first.message, code=first.code)
    _staged(work, Site.Stage.PROVISIONING)
    op.remember(
        checked=True,
        had_folder=found.folder_exists,
        new_files=_new_files(work, set(found.texts)),
        had_volumes=sorted(found.volumes),
        had_networks=sorted(found.networks),
        volumes=_own(found.model.get("volumes")),
        networks=_own(found.model.get("networks")),
    )
    return found.model


def _staged(work: Work, stage: Site.Stage) -> None:
    Site.objects.filter(pk=work.site.pk).update(stage=stage)
    inventory.publish_site(work.site)


def _new_files(work: Work, there: set[str]) -> list[str]:
    """What will be written into a folder that is there already, below it."""
    release = f"releases/{work.release.number}"
    names = sorted(work.wanted.files.keys() - there)
    if not host_files.exists(work.host, f"{work.folder}/{release}", sudo=work.sudo):
        names.append(release)
    return names


def _own(named: Any) -> list[str]:
    return sorted(one["name"] for one in (named or {}).values() if not one.get("external"))


def _settle(work: Work) -> None:
    """Our rows say so from now on: the last thing, and all at once."""
    now = timezone.now()
    images = {service_of(one): one.image_id for one in work.containers()}
    with transaction.atomic():
        Release.objects.filter(pk=work.release.pk).update(
            status=Release.Status.CURRENT, current_since=now, images=images, operation=work.op.row
        )
        Site.objects.filter(pk=work.site.pk).update(stage=Site.Stage.LIVE, working_dir=work.folder)
        inventory.publish_site(work.site)
        work.op.remember(after={"release": work.release.number, "folder": work.folder})


def _undo(work: Work) -> None:
    """In reverse, and only what was not there before."""
    op = work.op
    with op.step("Take back: proxy", percent=op.row.percent, goes_on=True):
        site_address.take_back(work)
    with op.step("Take back: containers", percent=op.row.percent, goes_on=True):
        work.remove_containers([one.docker_id for one in work.containers()], grace_s=2)
        had_networks, had_volumes = set(op.recall("had_networks")), set(op.recall("had_volumes"))
        work.remove_networks(set(op.recall("networks")) - had_networks)
        work.remove_volumes(set(op.recall("volumes")) - had_volumes)
    with op.step("Take back: files", percent=op.row.percent, goes_on=True):
        _take_back_files(work)
    _staged(work, Site.Stage.DRAFT)  # its release stays prepared: why it failed, the operation says


def _take_back_files(work: Work) -> None:
    if work.op.recall("had_folder"):  # such as one that is back from quarantine
        for name in work.op.recall("new_files") or ():
            path = f"{work.folder}/{name}"
            host_files.remove_tree(work.host, path, below=work.folder, sudo=work.sudo)
        return
    root = work.site.host.sites_root
    host_files.remove_tree(work.host, work.folder, below=root, sudo=work.sudo)
    work.remove_tenant_if_empty()


def _words(work: Work) -> str:
    primary = work.site.domains.filter(kind="primary").first()
    if primary is None:
        return f"{work.site.name} runs on {work.site.host.name}; it has no domain yet."
    scheme = "http" if primary.tls == "off" else "https"
    return f"{work.site.name} answers at {scheme}://{primary.name}/."
