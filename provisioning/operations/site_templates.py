"""Verbs on templates of one's own. A version is never changed: an edit makes the next one."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from pydantic import BaseModel, ConfigDict, Field, StrictStr, field_validator

from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.keepable import is_keepable
from provisioning.site_templates.checking import check
from provisioning.site_templates.library import shipped
from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from provisioning.site_templates.shape import Manifest, TemplateError
from sites.models import Site

_PAGES = {"add"}  # an address of the console


class TemplateContent(BaseModel):
    """``manifest`` as in template.json, ``files`` by their paths; compose.yml is one of them."""

    model_config = ConfigDict(extra="forbid")
    manifest: dict[str, Any]
    files: dict[StrictStr, StrictStr] = Field(max_length=100)

    @field_validator("manifest", "files")
    @classmethod
    def _can_be_kept(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not is_keepable(value):
            raise ValueError("this holds a character or number that cannot be kept")
        return value


class NewTemplate(TemplateContent):
    """Its id and version are told by ``name`` and by SiteFlow."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)


class NextVersion(TemplateContent):
    """``base_version`` is the one it was made from: if there is a newer one, it is refused."""

    base_version: int | None = Field(default=None, ge=1)


def create(op: Op, host: HostDriver) -> None:
    """A template of one's own, in its first version."""
    slug = op.params.name
    if slug in _PAGES or slug in shipped() or SiteTemplate.objects.filter(slug=slug).exists():
        raise _taken(slug)
    manifest, notes = _checked(op.params, slug, number=1)
    try:
        with transaction.atomic():
            row = SiteTemplate.objects.create(slug=slug, created_by=op.actor.name[:150])
    except IntegrityError:
        raise _taken(slug) from None
    _save(op, row, manifest, number=1, notes=notes)


def edit(op: Op, host: HostDriver) -> None:
    """The template's next version. Sites run the one they have until they are released anew."""
    row = SiteTemplate.objects.select_for_update().get(pk=op.target.pk)
    if row.retired_at:
        raise VerbError(f"{row.slug} is deleted.", code="conflict")
    newest = row.versions.first()
    number = newest.number if newest else 0
    if op.params.base_version not in (None, number):
        raise VerbError(
            f"{row.slug} has version {number} by now: look at it and make your change again.",
            code="version_conflict",
            field="base_version",
        )
    manifest, notes = _checked(op.params, row.slug, number=number + 1)
    if newest and (newest.manifest, newest.files) == (_kept(manifest), op.params.files):
        raise VerbError(f"Nothing differs from version {number}.", code="unchanged")
    op.remember(before={"version": number})
    _save(op, row, manifest, number=number + 1, notes=notes)


def delete(op: Op, host: HostDriver) -> None:
    """No new site can be made from it. Its versions stay for the sites that run them."""
    row = SiteTemplate.objects.select_for_update().get(pk=op.target.pk)
    sites = Site.objects.filter(template=row.slug).count()
    op.remember(before={"version": row.versions.count(), "sites": sites})
    if not sites:
        row.delete()
        return op.conclude(f"{row.slug} is deleted.")
    row.retired_at = row.retired_at or op.row.created_at
    row.save(update_fields=["retired_at"])
    return op.conclude(f"{row.slug} is deleted; {sites} site(s) run on with what they have.")


def _checked(params: TemplateContent, slug: str, *, number: int) -> tuple[Manifest, list[str]]:
    try:
        return check({**params.manifest, "id": slug, "version": number}, params.files)
    except TemplateError as error:
        raise VerbError(error.message, code=error.code, field=error.field, status=422) from None


def _save(op: Op, row: SiteTemplate, manifest: Manifest, *, number: int, notes: list[str]) -> None:
    TemplateVersion.objects.create(
        template=row,
        number=number,
        manifest=_kept(manifest),
        files=op.params.files,
        created_by=op.actor.name[:150],
    )
    for note in notes:
        op.say(note)
    op.remember(after={"version": number})
    op.conclude(
        f"{row.slug} has version {number}.", template=row.slug, version=number, warnings=notes
    )


def _kept(manifest: Manifest) -> dict[str, Any]:
    """Without what the rows say themselves."""
    return {key: value for key, value in manifest.shown().items() if key not in ("id", "version")}


def _taken(slug: str) -> VerbError:
    return VerbError(f"name: there is a template {slug} already.", code="taken", field="name")
