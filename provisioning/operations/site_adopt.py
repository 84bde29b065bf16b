"""Taking over what already runs, and giving it back: nothing on the host is touched by either."""

from __future__ import annotations

import hashlib
from typing import Final

from django.db import transaction
from django.utils import timezone

from provisioning.drivers import dotenv, host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.plans.wanted import COMPOSE, ENV
from provisioning.releases.drafting import is_under_way
from provisioning.releases.models import Release
from provisioning.sightings import project as project_of
from provisioning.sightings import service as service_of
from sites.models import Site

MAX_FILE: Final = 1_000_000


def adopt(op: Op, host: HostDriver) -> None:
    """Reads the files of a compose project from where they lie and keeps them as release 1.

    No container is restarted and no file is written.
    """
    site: Site = op.target
    if site.managed and not op.recall("read"):
        raise VerbError(f"{site.name} is managed already.", code="conflict")
    with op.step("Find its files", percent=10):
        path = _compose_file(site)
    with op.step("Read them", percent=40):
        text = _read(op, host, path)
        env = _environment(op, host, f"{site.working_dir}/{ENV}")
        listed = host.docker.containers()
        images = {
            service_of(one): one.image_id for one in listed if project_of(one) == site.project
        }
    with op.step("Take over", percent=90), transaction.atomic():
        op.remember(read=True, after={"compose": hashlib.sha256(text.encode()).hexdigest()})
        _take_over(op, site, text, env, images)
    op.conclude(f"{site.name} is managed from now on; nothing on {site.host.name} was changed.")


def disown(op: Op, host: HostDriver) -> None:
    """Forgets what SiteFlow kept of a site; on its host it runs on from its own plain files."""
    site: Site = op.target
    row = Site.objects.select_for_update().get(pk=site.pk)
    if not row.managed or row.stage != Site.Stage.LIVE:
        raise VerbError(f"{site.name} is not a site that could be given back.", code="conflict")
    if is_under_way(row):
        raise VerbError(f"{site.name} is being worked on.", code="busy")
    if row.domains.exists():
        words = f"The proxy serves {site.name}: remove its domains first."
        raise VerbError(words, code="has_domains")
    op.remember(before={"releases": row.releases.count(), "template": row.template})
    row.releases.all().delete()
    Site.objects.filter(pk=row.pk).update(
        managed=False, template="", template_version=None, tenant="", environment="", params={},
        config_files=row.config_files or f"{row.working_dir}/{COMPOSE}",
    )  # fmt: skip
    op.conclude(f"{site.name} is no longer managed; on {site.host.name} nothing was changed.")


def _compose_file(site: Site) -> str:
    files = [name for name in site.config_files.split(",") if name]
    if len(files) != 1 or not site.working_dir:
        words = f"{site.name} is made of {len(files)} compose files; only one can be taken over."
        raise VerbError(words, code="not_adoptable")
    path = files[0] if files[0].startswith("/") else f"{site.working_dir}/{files[0]}"
    if not path.startswith("/") or ".." in path.split("/"):
        raise VerbError("Its labels name no proper path of a file.", code="not_adoptable")
    # A release of ours was started from its own copy; what counts lies in the site's folder.
    ours = path.startswith(f"{site.working_dir}/releases/")
    return f"{site.working_dir}/{COMPOSE}" if ours else path


def _read(op: Op, host: HostDriver, path: str) -> str:
    data = host_files.read(host, path, sudo=op.target.host.sudo, max_bytes=MAX_FILE)
    if data is None:
        raise VerbError(f"{path} is no longer on {op.target.host.name}.", code="not_found")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise VerbError(f"{path} is no text.", code="not_adoptable") from None


def _environment(op: Op, host: HostDriver, path: str) -> dict[str, str]:
    """All of it counts as secret: nothing tells which values are."""
    data = host_files.read(host, path, sudo=op.target.host.sudo, max_bytes=MAX_FILE)
    try:
        return dotenv.load(data.decode()) if data is not None else {}
    except UnicodeDecodeError:
        raise VerbError(f"{path} is no text.", code="not_adoptable") from None
    except DriverError as error:
        raise VerbError(f"{path}: {error.message}", code="not_adoptable") from None


def _take_over(op: Op, site: Site, text: str, env: dict[str, str], images: dict[str, str]) -> None:
    if Site.objects.select_for_update().get(pk=site.pk).releases.exists():
        return  # a worker died after it had done this
    row = Release(
        site=site, number=1, status=Release.Status.CURRENT, compose=text, images=images,
        secret_names=sorted(env), current_since=timezone.now(), created_by=op.actor.name[:150],
        operation=op.row, message="As it was found.",
    )  # fmt: skip
    row.seal(env)
    row.save(force_insert=True)
    Site.objects.filter(pk=site.pk).update(managed=True, stage=Site.Stage.LIVE)
