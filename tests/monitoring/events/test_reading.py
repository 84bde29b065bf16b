from __future__ import annotations

import time
from typing import Any

import pytest

from monitoring.events.reading import happening_of, happenings


def said(action: object = "start", **given: Any) -> dict[str, Any]:
    attributes = {"name": "shop-web-1", "image": "nginx:1", "secret.label": "hunter2"}
    actor = {"ID": "a" * 64, "Attributes": attributes}
    return {"Type": "container", "Action": action, "Actor": actor, "timeNano": 17, **given}


def test_what_is_shown_of_an_event() -> None:
    found = happening_of(said())
    assert found is not None
    assert (found.at_ns, found.type, found.action) == (17, "container", "start")
    assert (found.actor, found.name) == ("a" * 64, "shop-web-1")
    assert found.attributes == {"image": "nginx:1"}


@pytest.mark.parametrize("kind", ["image", "volume", "network", "daemon"])
def test_other_things_than_containers(kind: str) -> None:
    found = happening_of(said("create", Type=kind, Actor={"ID": "shop_data", "Attributes": {}}))
    assert found is not None
    assert (found.type, found.name) == (kind, "shop_data")


def test_how_healthy_it_is() -> None:
    found = happening_of(said("health_status: unhealthy"))
    assert found is not None
    assert (found.action, found.attributes["health"]) == ("health_status", "unhealthy")
    lying = happening_of(said("health_status: rm -rf /"))
    assert lying is not None and "health" not in lying.attributes


COMMAND = "curl -H 'Authorization: Bearer hunter2' http://localhost"


@pytest.mark.parametrize("action", [f"exec_create: {COMMAND}", f"exec_start: {COMMAND}", "top"])
def test_no_command_line_is_told(action: str) -> None:
    assert happening_of(said(action)) is None


def test_a_command_line_in_any_other_action_is_cut_off() -> None:
    found = happening_of(said(f"attach: {COMMAND}"))
    assert found is not None and "hunter2" not in repr(found)


HOSTILE: dict[str, dict[str, Any]] = {
    "no type": {"Type": None},
    "a type of somebody's own": {"Type": "plugin"},
    "no action": said(None),
    "an action that is none": said("<script>"),
    "a long action": said("a" * 41),
    "no actor": said(Actor=None),
    "nothing": {},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_has_another_form_is_passed_over(name: str) -> None:
    assert happenings([HOSTILE[name]]) == []


def test_hostile_text_is_bounded_and_printable() -> None:
    attributes = {"name": "\x1b[2J\x00" + "x" * 9999, "image": ["no", "text"], "exitCode": "\ud800"}
    found = happening_of(said(Actor={"ID": 7, "Attributes": attributes}))
    assert found is not None
    assert len(found.name) == 120 and found.name.isprintable()
    assert (found.actor, found.attributes) == ("", {})


@pytest.mark.parametrize("at", [None, True, "17", -1, 2**80, 1.5])
def test_a_time_that_is_none_is_now(at: object) -> None:
    found = happening_of(said(timeNano=at))
    assert found is not None
    assert abs(found.at_ns - time.time_ns()) < 60e9
