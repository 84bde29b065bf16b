"""Where templates are found: in the folder `shipped`, and in the rows of those made here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from provisioning.site_templates.shape import (
    Manifest,
    Template,
    TemplateError,
    check_files,
    manifest_of,
)

SHIPPED: Final = Path(__file__).with_name("shipped")
MANIFEST: Final = "template.json"


def all_templates(*, with_retired: bool = False) -> list[Template]:
    """The newest version of each: first those that came along, then one's own, by name."""
    rows = SiteTemplate.objects.prefetch_related("versions").order_by("slug")
    if not with_retired:
        rows = rows.filter(retired_at=None)
    own = [_of_row(row, row.versions.all()[0]) for row in rows if row.versions.all()]
    return [*shipped().values(), *own]


def find(slug: str, version: int | None = None) -> Template | None:
    """The newest version, or this one. Of what came along there is only the newest; of one's own
    each, even of those that are deleted, as sites may run them."""
    if coming_along := shipped().get(slug):
        return coming_along if version in (None, coming_along.version) else None
    versions = TemplateVersion.objects.select_related("template").filter(template__slug=slug)
    if version is not None:
        versions = versions.filter(number=version)
    else:
        versions = versions.filter(template__retired_at=None)
    row = versions.order_by("-number").first()
    return _of_row(row.template, row) if row else None


@cache
def shipped() -> dict[str, Template]:
    """Read once: the files change only with SiteFlow itself."""
    folders = sorted(file.parent for file in SHIPPED.glob(f"*/{MANIFEST}"))
    return {template.id: template for template in map(read_folder, folders)}


def read_folder(folder: Path) -> Template:
    """A template that lies in a folder as files. Raises TemplateError."""
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = manifest_of(json.loads(files.pop(MANIFEST)))
    if manifest.id != folder.name:
        raise TemplateError(f"{folder.name}: it calls itself {manifest.id}.", field="id")
    check_files(files)
    return Template(manifest=manifest, files=files)


def _of_row(row: SiteTemplate, version: TemplateVersion) -> Template:
    told = {**version.manifest, "id": row.slug, "version": version.number}
    return Template(
        # As it was checked when it was saved: a rule that came later hides no template.
        manifest=Manifest.model_validate(told),
        files=version.files,
        origin="own",
        retired=row.retired_at is not None,
    )
