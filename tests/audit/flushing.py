"""Lets tests with real transactions empty the audit's tables afterwards.

Django ends such a test with `flush`, which the append-only triggers refuse, as they should:
`manage.py flush` must not empty a real audit either. So here, and only here, the triggers are
taken down for the flush and put up again after it. Tests see them at all other times. The roles,
which come from a migration, are made anew, so that no test depends on those before it.
"""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _flush_empties_the_audit() -> Iterator[None]:
    # Django is not set up yet when pytest loads this module.
    from django.db import connections
    from django.test import TransactionTestCase

    from audit import guard
    from audit.models import Head
    from tests.people import make_roles

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_triggers(case: Any) -> None:
        aliases = case._databases_names(include_mirrors=False)
        for alias in aliases:
            guard.remove(connections[alias])
        flush(case)
        for alias in aliases:
            Head.objects.using(alias).create()
            guard.install(connections[alias])
        make_roles()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield
