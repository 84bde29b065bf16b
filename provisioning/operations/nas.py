"""In which folder of which NAS whose backups lie: our own rows, nothing on a NAS is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from provisioning.backups.covering import cover
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.pattern import MAX_LENGTH, BadPattern, check
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.host_files import checked_path
from provisioning.operations.contract import Op, VerbError
from provisioning.permission import holds
from sites.models import Host, Site

_MAX_KEY: Final = 2**63 - 1
_MOST: Final = 2000
_PLAIN: Final = ("root", "pattern", "marker", "every_minutes", "least_percent")


class NasFolder(BaseModel):
    """The folder on the NAS, an absolute path."""

    model_config = ConfigDict(extra="forbid")
    root: str = Field(max_length=1000)


class NasSettings(NasFolder):
    """What is given is set, all else stays as it is or becomes as usual.

    ``pattern`` says where below the root the backups of a site lie. ``hosts`` and ``sites`` are
    keys: of all sites on these hosts, and of these sites, backups are to lie there.
    """

    pattern: str | None = Field(default=None, max_length=MAX_LENGTH)
    marker: str | None = Field(default=None, max_length=255)
    every_minutes: int | None = Field(default=None, ge=5, le=1440)
    least_percent: int | None = Field(default=None, ge=1, le=100)
    hosts: list[int] | None = Field(default=None, max_length=_MOST)
    sites: list[int] | None = Field(default=None, max_length=_MOST)


def set_nas(op: Op, host: HostDriver) -> None:
    """Says that backups lie in a folder of this host, how they are called and whose they are."""
    nas: Host = op.target
    if nas.connection != Host.Connection.SSH:
        raise _bad(
            "root", f"{nas} is not reached by SSH, so it can be no NAS", field_is_wrong=False
        )
    given = op.params.model_dump(exclude_unset=True, exclude_none=True)
    root = _root(given.pop("root"))
    old = BackupSource.objects.select_for_update().filter(nas=nas, root=root).first()
    before = _shown(old) if old else None
    row = _assigned(old or BackupSource(nas=nas, root=root), given)
    row.save()
    for name, model, permission in _OWNERS:
        if name in given:
            _give(op, row, name, _found(op, model, permission, given[name], row, name))
    _begin_anew(row, before)
    op.remember(before=before, after=_shown(row))
    op.conclude(f"Backups are looked for on {nas} in {root}.", source=row.pk)


_OWNERS: Final[tuple[tuple[str, type[Model], str], ...]] = (
    ("hosts", Host, "sites.manage_site"),
    ("sites", Site, "sites.manage_site"),
)


def forget_nas(op: Op, host: HostDriver) -> None:
    """Backups in this folder are looked at no more. On the NAS nothing is touched."""
    root = op.params.root
    row = BackupSource.objects.select_for_update().filter(nas=op.target, root=root).first()
    if row is None:
        raise VerbError(f"{op.target} keeps no backups there.", code="not_found", field="root",
                        status=422)  # fmt: skip
    op.remember(before=_shown(row))
    row.delete()
    cover()
    op.conclude(f"Backups on {op.target} in {root} are looked at no more.")


def _root(text: str) -> str:
    try:
        return checked_path(text.strip().rstrip("/"))
    except DriverError:
        raise _bad("root", "give an absolute path of a folder, without .. in it") from None


def _assigned(row: BackupSource, given: dict[str, Any]) -> BackupSource:
    if "pattern" in given:
        try:
            given["pattern"] = check(given["pattern"])
        except BadPattern as error:
            raise _bad("pattern", str(error)) from None
    for name in _PLAIN[1:]:
        if name in given:
            setattr(row, name, given[name])
    if row.marker in (".", ".."):
        raise _bad("marker", "Give the name of a file")
    row.revision = (row.revision or 0) + 1
    row.due_at = None
    others = [field.name for field in row._meta.fields if field.name not in _PLAIN]
    try:
        row.clean_fields(exclude=others)
    except ValidationError as error:
        field, reasons = next(iter(error.message_dict.items()))
        raise _bad(field, reasons[0]) from None
    return row


def _found(
    op: Op, model: Any, permission: str, keys: Iterable[int], row: BackupSource, name: str
) -> list[Model]:
    """Whose backups lie there can only be said of what one manages; nobody's go to two places."""
    wanted = {key for key in keys if 0 <= key <= _MAX_KEY}
    things: QuerySet[Any] = model.objects.filter(pk__in=wanted)
    there = {one.pk for one in getattr(row, name).all()}
    found = [one for one in things if one.pk in there or holds(op.actor, permission, one)]
    if missing := set(keys) - {one.pk for one in found}:
        raise _bad(name, f"there is no {name.removesuffix('s')} {min(missing)}")
    taken = model.objects.filter(pk__in=wanted, backed_up_to__isnull=False).exclude(
        backed_up_to=row
    )
    if other := taken.first():
        raise _bad(name, f"backups of {other} lie elsewhere already")
    return found


def _give(op: Op, row: BackupSource, name: str, things: list[Any]) -> None:
    """What its setter does not manage stays as it was."""
    field = getattr(row, name)
    others = [one for one in field.all() if not holds(op.actor, "sites.manage_site", one)]
    field.set({*things, *others})


def _begin_anew(row: BackupSource, before: dict[str, Any] | None) -> None:
    """What was seen under another pattern says nothing of this one."""
    if before and before["pattern"] != row.pattern:
        SiteBackup.objects.filter(source=row).delete()
    cover()


def _shown(row: BackupSource) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        "hosts": sorted(row.hosts.values_list("name", flat=True)),
        "sites": sorted(row.sites.values_list("name", flat=True)),
    }


def _bad(field: str, words: str, *, field_is_wrong: bool = True) -> VerbError:
    text = f"{field}: {words.removesuffix('.')}." if field_is_wrong else f"{words}."
    return VerbError(text, code="invalid", field=field, status=422)
