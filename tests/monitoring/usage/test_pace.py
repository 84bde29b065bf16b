from __future__ import annotations

from monitoring.metrics import SeriesKey
from monitoring.usage.looks import LEASE, Looked
from monitoring.usage.pace import FAST_S, Pace
from monitoring.usage.ticks import SILENT_S, Ticks
from tests.monitoring.usage.clocks import Hands

SLOW_S = 10.0
LOOKED = {7: Looked(None, {SeriesKey("host", 7)})}


def test_fast_while_somebody_looks() -> None:
    pace = Pace(slow_s=SLOW_S, clock=Hands())
    assert pace.are(LOOKED) == {7}
    assert pace.are(LOOKED) == set()
    assert (pace.interval_s(7), pace.interval_s(8)) == (FAST_S, SLOW_S)
    pace.are({})
    assert pace.interval_s(7) == SLOW_S


def test_never_slower_than_it_is_set() -> None:
    pace = Pace(slow_s=0.2, clock=Hands())
    pace.are(LOOKED)
    assert pace.interval_s(7) == 0.2


def test_a_lost_database_leaves_no_host_at_the_fast_pace() -> None:
    hands = Hands()
    pace = Pace(slow_s=SLOW_S, clock=hands)
    pace.are(LOOKED)
    hands.pass_s(LEASE.total_seconds())
    assert (pace.interval_s(7), pace.looked(7), pace.hosts()) == (SLOW_S, None, [])
    assert pace.are(LOOKED) == {7}


def test_who_was_not_read_for_a_while_is_told_of_now_and_then() -> None:
    hands = Hands()
    ticks = Ticks(clock=hands)
    ticks.begin(7)
    assert ticks.silent([7]) == []
    hands.pass_s(SILENT_S)
    assert ticks.silent([7]) == [7]
    assert ticks.silent([7]) == []
    hands.pass_s(SILENT_S)
    assert ticks.silent([7]) == [7]
