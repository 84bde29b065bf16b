"""The sentence at the top, for every mixture of sites and hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from siteflow.overview.figures import Figures
from siteflow.overview.need import Need
from siteflow.overview.sentence import sentence, text_of

NOW = datetime(2031, 5, 4, 12, 30, tzinfo=UTC)
SEEN = {1: NOW - timedelta(seconds=4), 2: NOW - timedelta(seconds=2)}


def need(title: str, says: str, **values: object) -> Need:
    told = {
        "rank": 1, "kind": "host", "id": 1, "state": "", "word": "", "detail": "", "source": "",
        "since": NOW - timedelta(minutes=30), "path": "", "action": "",
    }  # fmt: skip
    return Need(title=title, says=says, **(told | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hosts", "sites", "words"),
    [
        ({"reachable": 3}, {"running": 12},
         "All is well: all 12 sites on 3 hosts run, as of 4 s ago."),
        ({"reachable": 1}, {"running": 1},
         "All is well: the one site on 1 host runs, as of 4 s ago."),
        ({}, {"running": 2}, "All is well: all 2 sites run, as of 4 s ago."),
        ({"reachable": 2}, {}, "All is well: 2 hosts without sites, as of 4 s ago."),
        ({"reachable": 2, "setup_pending": 1}, {"running": 1, "stopped": 2, "draft": 1},
         "Nothing needs you: 1 of 4 sites on 2 hosts run; 2 stopped, 1 not made, as of 4 s ago."),
        ({"unknown": 1}, {"unknown": 1}, "1 host is being looked at for the first time."),
    ],
)  # fmt: skip
def test_when_nothing_needs_anybody(
    hosts: dict[str, int], sites: dict[str, int], words: str
) -> None:
    figures = Figures(hosts, sites, {}, SEEN)
    assert text_of(sentence([], 0, figures), now=NOW) == words


def test_when_something_does() -> None:
    lost = need("web1", "is unreachable")
    over = need("shop.example.org", "has a certificate that has expired", kind="certificate")
    figures = Figures({"unreachable": 1}, {}, {}, {})
    one = text_of(sentence([lost], 1, figures), now=NOW)
    assert one == "1 thing needs you: web1 is unreachable since 12:00 UTC."
    two = text_of(sentence([lost, over], 2, figures), now=NOW)
    assert two == (
        "2 things need you: web1 is unreachable since 12:00 UTC, "
        "and shop.example.org has a certificate that has expired."
    )
    many = text_of(sentence([lost, over, lost], 9, figures), now=NOW)
    assert many.endswith("expired, and 7 more.")


def test_what_began_on_another_day_has_its_date() -> None:
    old = need("web1", "is unreachable", since=NOW - timedelta(days=2))
    told = text_of(sentence([old], 1, Figures({"unreachable": 1}, {}, {}, {})), now=NOW)
    assert told == "1 thing needs you: web1 is unreachable since 2031-05-02."


def test_when_there_is_nothing_at_all() -> None:
    told = text_of(sentence([], 0, Figures({}, {}, {}, {})), now=NOW)
    assert told == "There is nothing to watch yet."
