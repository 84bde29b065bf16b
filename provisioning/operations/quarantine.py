"""Undoing a removal, and ending it: the one verb that destroys data says so in its name."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from provisioning.drivers import host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.site_deprovision import QUARANTINE
from provisioning.quarantine.keeping import draft_of
from provisioning.quarantine.models import Quarantine
from provisioning.sightings import PROJECT_LABEL
from sites.models import Site


def restore(op: Op, host: HostDriver) -> None:
    """Plans the site anew as it was, and moves its files back. Provision it with its volumes."""
    row: Quarantine = op.target
    with op.step("Move its files back", percent=30):
        _move_back(op, host, row)
    with op.step("Plan it anew", percent=90):
        site = _drafted(op, row)
    op.conclude(
        f"{row.name} is planned as it was; provision it with the volumes that are there.",
        site=site,
    )


def _move_back(op: Op, host: HostDriver, row: Quarantine) -> None:
    if not row.folder:
        return
    sudo, place = row.host.sudo, row.reveal()["site"]["working_dir"]
    if host_files.exists(host, row.folder, sudo=sudo):
        if host_files.exists(host, place, sudo=sudo):
            raise VerbError(f"{place} is taken by something else.", code="folder_taken")
        # The last site of a tenant took the tenant's folder with it.
        host_files.make_folder(host, place.rpartition("/")[0], mode=0o755, sudo=sudo)
        host_files.move(host, row.folder, place, sudo=sudo)


def _drafted(op: Op, row: Quarantine) -> int:
    try:
        with transaction.atomic():
            site = draft_of(row, by=op.actor.name)
            op.remember(gone=f"{row.name} is planned as it was.", after={"site": site.name})
            row.delete()
    except IntegrityError:
        words = f"The name {row.name} or one of its domains is taken by now."
        raise VerbError(words, code="name_taken") from None
    return int(site.pk)


def purge(op: Op, host: HostDriver) -> None:
    """Destroys the volumes and files of a removed site, and the images that were built of them.

    This cannot be undone.
    """
    row: Quarantine = op.target
    project = row.reveal()["site"]["project"]
    if row.volumes and Site.objects.filter(host=row.host, project=project).exists():
        words = f"There is a site {project} on {row.host.name} again: these volumes may be its own."
        raise VerbError(words, code="in_use")
    with op.step("Volumes", percent=30):
        for name in row.volumes:
            _remove_volume(host, name)
    with op.step("Files", percent=70):
        if row.folder:
            below = f"{row.host.sites_root}/{QUARANTINE}"
            host_files.remove_tree(host, row.folder, below=below, sudo=row.host.sudo)
    with op.step("Images", percent=85):
        if not Site.objects.filter(host=row.host, project=project).exists():
            _remove_built(host, project)
    with op.step("Forget", percent=95), transaction.atomic():
        op.remember(gone=f"{row.name} is destroyed.", before={"volumes": row.volumes})
        row.delete()


def _remove_built(host: HostDriver, project: str) -> None:
    """Compose labels what it builds. What others run from it stays."""
    for image in host.docker.images():
        for name in image.names if image.labels.get(PROJECT_LABEL) == project else ():
            try:
                host.docker.remove_image(name)
            except DriverError as error:
                if error.code not in ("not_found", "conflict"):
                    raise


def _remove_volume(host: HostDriver, name: str) -> None:
    try:
        host.docker.remove_volume(name)
    except DriverError as error:
        if error.code != "not_found":
            raise
