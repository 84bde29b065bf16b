"""What is said of checks that stand behind each other is proven, or fails the run."""

from __future__ import annotations

import pytest

from tests.mutations.locks import cases, faults


def test_a_group_is_tried_whole_and_with_each_one_kept() -> None:
    assert list(cases("ab")) == [("a", "b"), ("b",), ("a",)]
    assert list(cases("abc")) == [("a", "b", "c"), ("b", "c"), ("a", "c"), ("a", "b")]


def test_true_groups() -> None:
    assert not list(faults("ab", {("a", "b"): "told"}))
    assert not list(faults("abc", {("a", "b", "c"): "told"}))


@pytest.mark.parametrize(
    ("names", "noticed", "words"),
    [
        ("ab", {}, "nobody misses them"),
        ("ab", {("a", "b"): "told", ("a",): "told"}, "does not hold alone: b, as told"),
        ("abc", {("a", "b", "c"): "told", ("b", "c"): "told"}, "does not hold alone: a"),
        ("a", {("a",): "told"}, "no group of several"),
    ],
)
def test_false_groups(names: str, noticed: dict[tuple[str, ...], str], words: str) -> None:
    (fault,) = faults(names, noticed)
    assert words in fault
