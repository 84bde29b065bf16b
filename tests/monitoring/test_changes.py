from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.changes import changes_in
from provisioning.sightings import Told

A, B = "a" * 64, "b" * 64

ANYTHING: st.SearchStrategy[Any] = (
    st.none()
    | st.integers()
    | st.text()
    | st.lists(st.text())
    | st.dictionaries(st.sampled_from(["ID", "Attributes"]), st.none() | st.integers() | st.text())
)


def event(docker_id: Any, action: Any, kind: str = "container") -> dict[str, Any]:
    return {"Type": kind, "Action": action, "Actor": {"ID": docker_id}}


def test_each_container_once_in_the_order_of_first_mention() -> None:
    found = changes_in([event(B, "die"), event(A, "start"), event(B, "start")])
    assert (list(found.look), list(found.gone)) == ([B, A], [])


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["start"], "running"),
        (["die", "start"], "running"),
        (["start", "die", "stop"], "exited"),
        (["pause"], "paused"),
        (["pause", "unpause"], "running"),
    ],
)
def test_the_last_word_on_a_state_counts(actions: list[str], state: str) -> None:
    assert changes_in([event(A, action) for action in actions]).told == {A: Told(state)}


@pytest.mark.parametrize(
    ("said", "code"), [("137", 137), ("0", 0), ("-1", None), ("9" * 9, None), (3, None)]
)
def test_the_exit_code_is_told_with_the_death(said: Any, code: int | None) -> None:
    died = event(A, "die")
    died["Actor"]["Attributes"] = {"exitCode": said}
    assert changes_in([died]).told == {A: Told("exited", code)}


def test_nobody_looks_at_what_is_gone() -> None:
    found = changes_in([event(A, "die"), event(A, "destroy"), event(A, "stop")])
    assert (list(found.look), list(found.gone)) == ([], [A])


@pytest.mark.parametrize("action", ["exec_create: sh -c true", "exec_die", "kill", "top", "resize"])
def test_noise_is_passed_over(action: str) -> None:
    assert not changes_in([event(A, action)])


@pytest.mark.parametrize("action", ["die", "health_status: unhealthy", "rename", "invented"])
def test_everything_else_makes_us_look(action: str) -> None:
    assert list(changes_in([event(A, action)]).look) == [A]


def test_other_things_than_containers_are_passed_over() -> None:
    assert not changes_in([event(A, "destroy", kind="volume"), event("../../etc", "die")])


@settings(max_examples=50, deadline=None)
@given(
    st.fixed_dictionaries(
        {"Type": st.just("container") | ANYTHING, "Action": ANYTHING, "Actor": ANYTHING}
    )
)
def test_whatever_a_host_says_is_read_without_an_error(said: dict[str, Any]) -> None:
    changes_in([said, {}])
