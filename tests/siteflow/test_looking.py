from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from monitoring.usage.looks import Thing
from siteflow.looking import Looking, thing_of
from tests.siteflow.loops import in_loop, until

NEVER_S = 3600.0


class Marks:
    """Remembers what was renewed, and can fail."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.renewed: list[set[Thing]] = []
        self.failing = False

    async def __call__(self, things: Collection[Thing]) -> None:
        self.renewed.append(set(things))
        if self.failing:
            raise OSError("the database is away")

    def looking(self, *, every_s: float) -> Looking:
        return Looking(topics=lambda: self.topics, renew=self, every_s=every_s)


def test_what_topics_show() -> None:
    assert thing_of("metrics.7") == Thing("container", 7)
    assert thing_of("metrics.site.7") == Thing("site", 7)
    assert thing_of("metrics.host.7") == Thing("host", 7)
    assert thing_of("containers.7") is thing_of("hosts") is None


@in_loop
async def test_many_who_look_at_one_thing_are_one_look() -> None:
    marks = Marks()
    looking = marks.looking(every_s=NEVER_S)
    marks.topics = ["metrics.7", "hosts"]
    looking.soon("metrics.7")
    await until(lambda: marks.renewed)
    looking.soon("metrics.7")
    marks.topics.append("metrics.host.1")
    looking.soon("metrics.host.1")
    await until(lambda: len(marks.renewed) > 1)
    assert marks.renewed == [{Thing("container", 7)}, {Thing("host", 1)}]


@in_loop
async def test_it_is_renewed_until_the_last_one_has_gone() -> None:
    marks = Marks()
    looking = marks.looking(every_s=0.02)
    marks.topics = ["metrics.7"]
    looking.soon("metrics.7")
    await until(lambda: len(marks.renewed) > 2)
    marks.topics = []
    before = len(asyncio.all_tasks())
    await until(lambda: len(asyncio.all_tasks()) < before or before == 1)
    count = len(marks.renewed)
    marks.topics = ["metrics.8"]
    looking.soon("metrics.8")
    await until(lambda: len(marks.renewed) > count)
    assert marks.renewed[-1] == {Thing("container", 8)}


@in_loop
async def test_other_topics_are_no_looks() -> None:
    marks = Marks()
    marks.topics = ["hosts"]
    marks.looking(every_s=0.02).soon("hosts")
    assert len(asyncio.all_tasks()) == 1


@in_loop
async def test_a_database_that_is_away_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    marks = Marks()
    marks.failing = True
    marks.topics = ["metrics.7"]
    marks.looking(every_s=0.02).soon("metrics.7")
    await until(lambda: marks.renewed)
    marks.failing = False
    await until(lambda: len(marks.renewed) > 1)
    assert "cannot be told" in caplog.text
