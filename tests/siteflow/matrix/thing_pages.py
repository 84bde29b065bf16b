"""Pages of hosts, sites and templates that are no verb's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.page_kinds import both, lists, reads
from tests.siteflow.matrix.rows import Page, Row

_MANAGES: Final = Row(200, needs="manage", place="everywhere")
_MANAGES_TEMPLATE: Final = replace(_MANAGES, kind="slug", rights_first=True)
_TEMPLATE_FORM: Final = {
    "slug": "typed", "name": "Typed", "web_service": "web", "web_port": "80", "probe_path": "/",
    "memory_mb": "64", "disk_mb": "64", "compose": table.COMPOSE,
}  # fmt: skip
_NEW_DOMAIN: Final = {"name": "typed.example.com", "kind": "alias", "tls": "off"}
_NAS_FORM: Final = {**table.NEW_NAS, "every_minutes": "60", "least_percent": "50"}

THING_PAGES: Final[dict[str, Page]] = {
    # hosts
    "admin/sites/host/add/": both(_MANAGES),
    "admin/sites/host/set-up/": both(_MANAGES),
    "admin/sites/host/set-up/<int:key>/": both(
        replace(_MANAGES, sees="mine", kind="wizard", rights_first=True),
        replace(
            _MANAGES,
            sees="mine",
            kind="wizard",
            rights_first=True,
            status=302,
            body={"move": "cancel"},
            changes=True,
        ),
    ),
    "admin/sites/container/add/": both(Row(200, needs="manage", place="somewhere")),
    "admin/provisioning/sitetemplate/": lists("look"),
    "admin/provisioning/sitetemplate/add/": both(
        _MANAGES, replace(_MANAGES, status=302, body=_TEMPLATE_FORM, changes=True)
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/": both(
        Row(200, sees="look", kind="slug"),
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/edit/": both(
        _MANAGES_TEMPLATE,
        replace(_MANAGES_TEMPLATE, status=302, body=_TEMPLATE_FORM, changes=True),
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/delete/": both(
        _MANAGES_TEMPLATE,
        replace(
            _MANAGES_TEMPLATE, status=302, body={"asked": "1", "confirm_name": "NAME"}, changes=True
        ),
    ),
    "admin/sites/host/<int:key>/edit/": both(
        Row(200, sees="look", needs="manage", kind="host"),
    ),
    "admin/sites/host/<int:key>/nas/": both(
        Row(200, sees="look", needs="manage", kind="host"),
        Row(
            302,
            sees="look",
            needs="manage",
            kind="host",
            body=_NAS_FORM,
            changes=True,
            prepare="by ssh",
        ),
    ),
    # sites
    "admin/sites/site/add/": both(Row(200, needs="manage", place="somewhere")),
    "admin/sites/site/<int:key>/domains/add/": both(
        Row(200, sees="look", needs="manage", kind="site"),
        Row(302, sees="look", needs="manage", kind="site", body=_NEW_DOMAIN, changes=True),
    ),
    "admin/sites/domain/<int:key>/edit/": both(
        Row(200, sees="look", needs="manage", kind="domain"),
        Row(302, sees="look", needs="manage", kind="domain", body={"tls": "off"}, changes=True),
    ),
    "admin/sites/site/<int:key>/config/": both(
        Row(302, sees="look", kind="site"),
        Row(302, sees="look", needs="manage", kind="site", body={"revision": "1"}, changes=True),
    ),
    "admin/sites/site/<int:key>/releases/<int:number>/": reads("site"),
    "admin/sites/site/<int:key>/reveal/": both(
        Row(302, sees="look", kind="site"),
        Row(200, sees="look", needs="reveal", kind="site"),
    ),
}
