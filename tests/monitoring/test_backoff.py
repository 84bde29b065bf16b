from __future__ import annotations

from monitoring.backoff import Backoff


def test_it_doubles_up_to_its_limit_and_begins_anew_after_a_success() -> None:
    pauses = Backoff(first_s=1.0, most_s=5.0)
    for most_s in (1.0, 2.0, 4.0, 5.0, 5.0):
        assert 0.75 * most_s <= pauses.next_s() <= most_s
    pauses.reset()
    assert pauses.next_s() <= 1.0


def test_it_never_grows_beyond_after_very_many_failures() -> None:
    pauses = Backoff()
    assert max(pauses.next_s() for _ in range(3000)) <= 5.0
