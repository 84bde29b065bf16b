"""Addresses of the API about sites and what belongs to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow.matrix.rows import LIST, ONE, Row, manage, of_template, operate, plan
from tests.siteflow.permission_table.sent import NEW_SITE, PASSWORD, TEMPLATE

# Of one's own sites, each of which one must be able to change and to release.
ROLL_OUT: Final = replace(
    manage(202, {"template": "static", "sites": ["KEY"]}, prepare="older"),
    needs="manage operate", kind="site",
)  # fmt: skip

API: Final[dict[tuple[str, str], Row]] = {
    ("get", "/api/sites"): LIST,
    ("get", "/api/sites/{site_id}"): ONE,
    ("get", "/api/sites/{site_id}/releases"): ONE,
    ("get", "/api/sites/{site_id}/releases/{number}"): ONE,
    ("get", "/api/sites/{site_id}/config"): ONE,
    ("put", "/api/sites/{site_id}/config"): manage(200, {"revision": 1}),
    ("post", "/api/sites/{site_id}/plan"): plan("operate", {"kind": "release", "number": 1}),
    ("post", "/api/sites/{site_id}/reveal"): plan("reveal"),
    ("post", "/api/sites/{target_id}/provision"): manage(202, prepare="idle"),
    ("post", "/api/sites/{target_id}/release"): operate(prepare="idle"),
    ("post", "/api/sites/{target_id}/rollback"): operate(prepare="idle"),
    ("post", "/api/sites/{target_id}/adopt"): manage(202, prepare="idle"),
    ("post", "/api/sites/{target_id}/deprovision"): manage(
        202, {"confirm_name": "NAME"}, prepare="idle"
    ),
    ("post", "/api/provision/plan"): plan("manage", {**NEW_SITE, "host": "KEY"}, kind="host"),
    ("post", "/api/provision/"): replace(manage(202, {**NEW_SITE, "host": "KEY"}), kind="host"),
    ("delete", "/api/provision/"): replace(
        manage(202, {"name": "NAME", "confirm_name": "NAME"}, prepare="idle"), kind="site"
    ),
    ("get", "/api/log-archives"): LIST,
    ("get", "/api/log-archives/{archive_id}"): replace(ONE, kind="keptlog"),
    ("get", "/api/quarantine"): replace(LIST, needs="manage"),
    ("post", "/api/quarantine/{target_id}/restore"): replace(manage(202), sees="manage"),
    ("post", "/api/quarantine/{target_id}/purge"): replace(
        manage(202, {"confirm_name": "NAME"}), sees="manage"
    ),
    ("get", "/api/provision/templates"): LIST,
    ("get", "/api/templates"): LIST,
    ("post", "/api/templates"): manage(201, {**TEMPLATE, "name": "fitting"}, hidden=403),
    ("get", "/api/templates/{slug}"): of_template(200),
    ("put", "/api/templates/{slug}"): of_template(200, TEMPLATE),
    ("delete", "/api/templates/{slug}"): of_template(200, {"confirm_name": "NAME"}),
    ("get", "/api/rollouts"): LIST,
    ("post", "/api/rollouts"): ROLL_OUT,
    ("post", "/api/rollouts/preview"): replace(LIST, needs="manage", body={"template": "static"}),
    ("get", "/api/rollouts/{rollout_id}"): ONE,
    ("post", "/api/rollouts/{rollout_id}/stop"): manage(200),
    ("post", "/api/rollouts/{rollout_id}/resume"): replace(manage(200), needs="manage operate"),
    ("get", "/api/domains"): LIST,
    ("post", "/api/domains"): replace(
        manage(201, {"site": "KEY", "name": "new.example.com"}), kind="site"
    ),
    ("get", "/api/domains/{domain_id}"): ONE,
    ("patch", "/api/domains/{domain_id}"): manage(200, {"access_log": False}),
    ("delete", "/api/domains/{domain_id}"): manage(200, {"confirm_name": "NAME"}),
    ("post", "/api/domains/{domain_id}/set-password"): manage(200, PASSWORD),
    ("post", "/api/domains/{domain_id}/remove-password"): manage(200, {"username": "dave"}),
    ("post", "/api/domains/{target_id}/cert-check"): operate(),
    ("get", "/api/certificates"): LIST,
    ("get", "/api/backups"): LIST,
    ("post", "/api/sites/{target_id}/backup-check"): operate(prepare="idle"),
}
