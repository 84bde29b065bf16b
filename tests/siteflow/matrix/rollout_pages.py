"""Pages on which a template's version is rolled out to sites."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.rows import Page, Row, page

_ROOT: Final = "admin/provisioning/rollout/"
_OF_STATIC: Final = {"template": "static"}


def _acts_on(needs: str) -> Page:
    """What is refused is told on the rollout's page."""
    get = page(Row(302, sees="look", kind="rollout"))
    return Page(get, replace(get, needs=needs, refused=302, changes=True))


ROLLOUT_PAGES: Final = {
    f"{_ROOT}add/": Page(
        page(Row(200, needs="manage", place="somewhere", query=_OF_STATIC)),
        page(table.ROLL_OUT, status=302, door="manage", query=_OF_STATIC,
             body={"do": "begin", "site": "KEY"}),
    ),
    f"{_ROOT}<int:key>/stop/": _acts_on("manage"),
    f"{_ROOT}<int:key>/resume/": _acts_on("manage operate"),
}  # fmt: skip
