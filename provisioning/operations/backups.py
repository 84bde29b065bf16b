"""Looks at backups, now. Nothing on a NAS is changed by it."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from provisioning.backups.covering import cover
from provisioning.backups.judging import State, state_of
from provisioning.backups.keeping import asked_of, keep
from provisioning.backups.looking import look
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.reaching import nas_driver
from provisioning.backups.reasons import reason
from provisioning.backups.seen import Look
from provisioning.backups.telling import facts_of, problems
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from sites.models import Host, Site

LOOK_S: Final = 100.0  # somebody waits for it


def check(op: Op, host: HostDriver) -> None:
    """Reads the backups of a site on its NAS again, now."""
    site: Site = op.target
    row = SiteBackup.objects.filter(pk=site.pk).select_related("source__nas").first()
    if row is None:
        words = f"Nobody has said on which NAS the backups of {site} lie."
        raise VerbError(words, code="no_nas")
    with op.step("Look", percent=20):
        found = _looked(row.source, site=site.pk)
    if found.code:
        row.source.error_code = found.code
        words = f"The NAS {row.source.nas} cannot be read: {reason(row.source)}."
        raise VerbError(words, code=found.code)
    _conclude(op, site.pk)


def _conclude(op: Op, key: int) -> None:
    row = SiteBackup.objects.select_related("site__host", "source__nas").get(pk=key)
    now = timezone.now()
    state: State = state_of(facts_of(row), now=now)
    told = list(problems(row, state, now=now))
    op.say("\n".join(told))
    op.conclude(f"{row.site}: backups are {state.label}.", state=state.value, problems=told)


def check_nas(op: Op, host: HostDriver) -> None:
    """Reads all folders of backups on a NAS again, now."""
    nas: Host = op.target
    sources = list(BackupSource.objects.filter(nas=nas).select_related("nas").order_by("root"))
    if not sources:
        raise VerbError(f"{nas} keeps no backups.", code="no_nas")
    cover()
    failed: list[Look] = []
    for number, source in enumerate(sources):
        with op.step(f"Look at {source.root}"[:80], percent=90 * number // len(sources)):
            found = _looked(source, within_s=LOOK_S / len(sources))
            op.say(f"{source.root}: {found.error or f'{len(found.sites)} sites'}")
            failed += [found] if found.code else []
    if failed:
        raise VerbError(failed[0].error, code=failed[0].code)
    op.conclude(f"The backups on {nas} were read.", sources=len(sources))


def _looked(source: BackupSource, *, site: int | None = None, within_s: float = LOOK_S) -> Look:
    at = timezone.now()
    root, wanted = asked_of(source, site=site)
    try:
        found = look(nas_driver(source.nas), root, wanted, timeout_s=within_s)
    except DriverError as error:
        found = Look(code=error.code, error=error.message)
    keep(source, found, at=at, whole=site is None)
    return found
