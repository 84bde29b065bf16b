"""Removing a site: what is shared stays, what holds data rests in quarantine and can be undone.

Six steps, each of which finds its part gone already and goes on: proxy, containers, networks,
volumes, files, and at last our own record of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict

from provisioning import inventory
from provisioning.drivers import host_files
from provisioning.drivers.host import HostDriver
from provisioning.log_archive.keeping import keep_proxy_log
from provisioning.operations import site_address
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.site_work import GRACE_S, Work
from provisioning.proxy import certificates
from provisioning.quarantine.keeping import keep
from provisioning.quarantine.models import rest
from provisioning.releases.models import Release
from provisioning.sightings import project as project_of
from sites.models import Site

QUARANTINE: Final = ".quarantine"


class Deprovisioning(BaseModel):
    """What goes besides the containers. Volumes and files that go rest in quarantine first."""

    model_config = ConfigDict(extra="forbid")
    remove_volumes: bool = False
    remove_files: bool = False
    keep_certificate: bool = True


@dataclass(frozen=True)
class Parts:
    """What of a site is on its host; ``shared`` tells what others use as well, and stays."""

    containers: list[str]
    networks: list[str]
    volumes: list[str]
    shared: list[str]


def deprovision(op: Op, host: HostDriver) -> None:
    """Takes a site off its host. Works also when parts of it are gone already."""
    site: Site = op.target
    release = current(site)
    if not site.managed or release is None:
        raise VerbError(f"{site.name} is not managed by SiteFlow: adopt it first.", code="conflict")
    work = Work.of(op, host, release)
    with op.step("Proxy", percent=10):
        parts = _remembered(work)
        site_address.stop_serving(work)
        if not op.params.keep_certificate:
            _forget_certificates(work)
    with op.step("Containers", percent=30):
        work.keep_logs([one.docker_id for one in work.containers()])
        keep_proxy_log(op, host, site)
        work.remove_containers([one.docker_id for one in work.containers()], grace_s=GRACE_S)
    with op.step("Networks", percent=50):
        work.remove_networks(parts["networks"])
    with op.step("Volumes", percent=60):
        rests = parts["volumes"] if op.params.remove_volumes else []
        op.say(_about_volumes(parts["volumes"], rests))
    with op.step("Files", percent=75):
        folder = _move_files(work) if op.params.remove_files else ""
    with op.step("Forget", percent=90):
        _forget(work, rests, folder)


def current(site: Site) -> Release | None:
    rows = site.releases
    return rows.filter(status=Release.Status.CURRENT).first() or rows.order_by("number").last()


def parts_of(work: Work) -> Parts:
    """What the labels of compose say is this project's, and what of it others use."""
    project, docker = work.wanted.project, work.host.docker
    mine = [one for one in docker.containers() if project_of(one) == project]
    others = [one for one in docker.containers() if project_of(one) != project]
    networks = [one.name for one in docker.networks() if project_of(one) == project]
    volumes = [one.name for one in docker.volumes() if project_of(one) == project]
    used_networks = {name for one in others for name in one.networks}
    used_volumes = {name for one in others for name in one.volumes}
    return Parts(
        containers=[one.name for one in mine],
        networks=[name for name in networks if name not in used_networks],
        volumes=[name for name in volumes if name not in used_volumes],
        shared=sorted({*networks, *volumes} & (used_networks | used_volumes)),
    )


def _remembered(work: Work) -> dict[str, Any]:
    """As the first worker found it: a second one would no longer see what it is to finish."""
    if found := work.op.recall("parts"):
        return dict(found)
    parts = parts_of(work)
    found = {"networks": parts.networks, "volumes": parts.volumes}
    for name in parts.shared:
        work.op.say(f"{name} is used by others as well: it stays.")
    work.op.remember(parts=found, before={"containers": parts.containers, **found})
    return found


def _forget_certificates(work: Work) -> None:
    gone = certificates.forget(work.host, work.site.host, work.wanted.domains)
    for name in gone:
        work.op.say(f"The certificate of {name} is removed.")
    if work.wanted.domains and not gone:
        work.op.say("There is no certificate to remove that SiteFlow knows of.")


def _about_volumes(volumes: list[str], rests: list[str]) -> str:
    if not volumes:
        return "It has no volumes."
    names = ", ".join(volumes)
    return f"In quarantine for {rest().days} days: {names}" if rests else f"Kept: {names}"


def _move_files(work: Work) -> str:
    """Out of the way, whole: they can be moved back."""
    root = work.site.host.sites_root
    folder = f"{root}/{QUARANTINE}/{work.wanted.project}-{work.op.row.pk}"
    if host_files.exists(work.host, work.folder, sudo=work.sudo):
        host_files.make_folder(work.host, f"{root}/{QUARANTINE}", mode=0o700, sudo=work.sudo)
        host_files.move(work.host, work.folder, folder, sudo=work.sudo)
        work.remove_tenant_if_empty()
    return folder if host_files.exists(work.host, folder, sudo=work.sudo) else ""


def _forget(work: Work, volumes: list[str], folder: str) -> None:
    op, site = work.op, work.site
    with transaction.atomic():
        if volumes or folder:
            keep(site, work.release, volumes, folder, by=op.actor.name, now=timezone.now())
        op.remember(gone=f"{site.name} is removed from {site.host.name}.", after={})
        inventory.forget_site(site)
    op.conclude(
        f"{site.name} is removed from {site.host.name}.",
        volumes_removed=volumes,
        files_removed=bool(folder),
    )
