"""One JSON shape per thing, the same for API, command and page."""

from __future__ import annotations

from typing import Any

from provisioning.site_templates.models import TemplateVersion
from provisioning.site_templates.shape import Template


def template_out(template: Template) -> dict[str, Any]:
    return {
        **template.manifest.shown(),
        "origin": template.origin,
        "retired": template.retired,
    }


def template_detail(template: Template, versions: list[dict[str, Any]]) -> dict[str, Any]:
    return {**template_out(template), "files": dict(template.files), "versions": versions}


def versions_of(template: Template) -> list[dict[str, Any]]:
    """Who made which version and when, newest first; of what came along there is one."""
    if template.origin == "shipped":
        return [{"number": template.version, "created_by": "", "created_at": None}]
    rows = TemplateVersion.objects.filter(template__slug=template.id).order_by("-number")
    return [dict(row) for row in rows.values("number", "created_by", "created_at")]
