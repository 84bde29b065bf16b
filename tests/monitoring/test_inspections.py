"""Whom the monitor inspects after a listing, on a host of fifty containers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitoring import inspections
from monitoring.inspections import Inspections
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container


class Fifty:
    """The host, what rows say of it, and what a listing leads to."""

    def __init__(self) -> None:
        self.fake = FakeHost(containers=[fake_container(f"c{number}") for number in range(50)])
        self.known = {each.docker_id: each.state for each in self.fake.containers.values()}
        self.inspections = Inspections(self.fake.docker, interval_s=6.0)

    def id(self, name: str) -> str:
        return self.fake.containers[name].docker_id

    def read(self) -> set[str]:
        """The names of those who were inspected."""
        listing = {each.docker_id: each for each in self.fake.docker.containers()}
        before = len(self.fake.ran)
        self.inspections.inspect_listed(listing, self.known)
        asked = {words[2] for words in self.fake.ran[before:]}
        return {name for name, each in self.fake.containers.items() if each.docker_id in asked}

    def change(self, name: str, **values: Any) -> ContainerState:
        changed = replace(self.fake.containers[name], **values)
        self.fake.containers[name] = changed
        return changed


@pytest.fixture
def fifty() -> Fifty:
    """All of them were inspected once."""
    made = Fifty()
    made.read()
    while made.inspections.waiting:
        made.inspections.inspect_waiting()
    return made


def test_at_first_all_have_their_turn_a_few_at_a_time() -> None:
    fifty = Fifty()
    assert len(fifty.read()) == inspections.AT_ONCE
    assert len(fifty.inspections.waiting) == 50 - inspections.AT_ONCE
    fifty.inspections.inspect_waiting()
    assert fifty.inspections.waiting == []


def test_when_nothing_changed_one_after_the_other_has_its_turn(fifty: Fifty) -> None:
    turns = [fifty.read() for _ in range(50)]
    assert all(len(turn) == 1 for turn in turns)
    assert len(set.union(*turns)) == 50


def test_a_line_that_changed_is_inspected_once(fifty: Fifty) -> None:
    fifty.change("c7", health="unhealthy")
    assert "c7" in fifty.read()
    fifty.read()
    assert "c7" not in fifty.read()


def test_a_row_that_says_another_state_is_inspected(fifty: Fifty) -> None:
    fifty.known[fifty.id("c7")] = "exited"
    assert "c7" in fifty.read()
    assert "c7" in fifty.read()


def test_a_doubtful_one_is_inspected_whatever_its_line_says(fifty: Fifty) -> None:
    fifty.inspections.doubt([fifty.id("c7")])
    assert "c7" in fifty.read()


def test_one_that_cannot_be_read_is_left_alone_for_a_while(
    fifty: Fifty, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifty.change("c7", health="starting")
    fifty.fake.fail("container", DriverError("web1: no answer within 8 s", "timeout"))
    assert "c7" in fifty.read()
    assert [fifty.inspections.trouble() is not None, "c7" in fifty.read()] == [True, False]
    monkeypatch.setattr("monitoring.inspections.time.monotonic", lambda: 1e9)
    assert "c7" in fifty.read()
    assert fifty.inspections.trouble() is None


def test_who_is_gone_by_the_time_it_is_asked_for_is_named(fifty: Fifty) -> None:
    gone = fifty.change("c7", health="starting")
    listing = {each.docker_id: each for each in fifty.fake.docker.containers()}
    del fifty.fake.containers["c7"]
    assert fifty.inspections.inspect_listed(listing, fifty.known).gone == [gone.docker_id]


def test_a_host_in_trouble_is_an_error(fifty: Fifty) -> None:
    fifty.fake.fail("container", DriverError("web1: the connection broke", "link_lost"))
    with pytest.raises(DriverError):
        fifty.read()


def test_a_slow_host_is_asked_for_half_an_interval_only(monkeypatch: pytest.MonkeyPatch) -> None:
    fifty, clock = Fifty(), iter(range(1000))
    monkeypatch.setattr("monitoring.inspections.time.monotonic", lambda: float(next(clock)))
    assert len(fifty.read()) < 5
    assert len(fifty.inspections.waiting) > 40
