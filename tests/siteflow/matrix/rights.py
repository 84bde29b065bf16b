"""Rights are read again only when something has changed in the tables that they come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from sites import roles
from sites.models import Grant, Host, Site

# All that `held_by` asks for; of a site only where it is.
_READ: Final = (
    Permission.objects.order_by().values_list("pk", "content_type", "codename"),
    User.user_permissions.through.objects.values_list(),
    Group.permissions.through.objects.values_list(),
    User.groups.through.objects.values_list(),
    Group.objects.order_by().values_list(),
    Grant.objects.order_by().values_list(),
    Host.tags.through.objects.values_list(),
    Site.tags.through.objects.values_list(),
    Site.objects.order_by().values_list("pk", "host"),
)


@contextmanager
def read_once() -> Iterator[None]:
    """Each request reads them anew, which would take an eighth of the time."""
    read, found = roles.held_by, dict[Any, Any]()
    queries = [str(rows.query) for rows in _READ]

    def held_by(user: User) -> Any:
        now = user.pk, _rows(queries)
        if now not in found:
            found[now] = read(user)
        return found[now]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roles, "held_by", held_by)
        yield


def _rows(queries: list[str]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        found = []
        for query in queries:
            cursor.execute(query)
            found.append(tuple(cursor.fetchall()))
    return tuple(found)
