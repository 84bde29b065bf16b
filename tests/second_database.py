"""pytest's plugin for the run on the second database: what touches no database is left out.

Without the marker or one of these fixtures pytest-django lets no test at a database, so that none
that does is missed. The tests of the whole console start processes that have one.
"""

from __future__ import annotations

from typing import Final

import pytest

DATABASE_FIXTURES: Final = {"db", "transactional_db", "django_db_setup"}
DATABASE_MARKERS: Final = ("django_db", "e2e")


def touches_database(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in DATABASE_MARKERS)
    return marked or not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not touches_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if touches_database(item)]
