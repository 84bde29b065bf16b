"""One thing that needs somebody, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from provisioning.operations import VERBS
from sites.rights import Viewer, may_on

MOST_OF_A_KIND: Final = 8
_LISTS: Final = {
    "host": "admin:sites_host_changelist",
    "container": "admin:sites_container_changelist",
    "site": "admin:sites_site_changelist",
    "domain": "admin:sites_domain_changelist",
    "certificate": "admin:provisioning_certificate_changelist",
    "operation": "admin:provisioning_operation_changelist",
}


@dataclass(frozen=True)
class Act:
    """A verb that may be asked for at once, by a button."""

    kind: str
    path: str
    label: str

    @property
    def is_operation(self) -> bool:
        """What it starts can be followed."""
        return self.kind in VERBS


@dataclass(frozen=True)
class Need:
    """``title`` and ``says`` are a sentence, true since ``since`` as ``source`` knows.

    ``path`` and ``action`` lead to where something can be done; ``act`` does it at once.
    The lower its ``rank``, the worse it is.
    """

    rank: int
    kind: str
    id: int | None
    state: str
    word: str
    title: str
    says: str
    detail: str
    since: datetime | None
    source: str
    path: str
    action: str
    act: Act | None = None


# What is shown of a kind, and how many there are.
Some = tuple[list[Need], int]


def page_of(kind: str, key: int, rest: str = "change/") -> str:
    return f"{reverse(_LISTS[kind])}{key}/{rest}"


def act_on(user: Viewer, verb: str, kind: str, row: Any, label: str) -> Act | None:
    """The button for it; None for who may not."""
    if not may_on(user, VERBS[verb].permission, row):
        return None
    return Act(verb, page_of(kind, row.pk, f"do/{verb}/"), label)
