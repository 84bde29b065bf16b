from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.metrics import SeriesKey
from monitoring.usage import telling
from monitoring.usage.looks import Looked
from monitoring.usage.telling import Reading, Tick, tell, tell_unknown

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOST, SITE = SeriesKey("host", 3), SeriesKey("site", 3, 5)
WEB, DB, LOOSE = (SeriesKey("container", 3, key) for key in (7, 8, 9))
USED = Reading({"cpu_percent": 12.34567, "memory_bytes": 5.0}, "cgroup")


class Sent:
    def __init__(self) -> None:
        self.messages: list[tuple[list[str], dict[str, Any], dict[str, Any]]] = []

    def __call__(self, topics: list[str], message: Any, *, scope: Any) -> None:
        self.messages.append((topics, message, scope))

    def items(self) -> dict[tuple[str, int], dict[str, Any]]:
        return {
            (item["kind"], item["id"]): item
            for _, message, _ in self.messages
            for item in message["items"]
        }


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(telling, "publish", sent)
    return sent


def looked(*keys: SeriesKey) -> Looked:
    return Looked(None, set(keys), {7: 5, 8: 5, 9: None})


def test_one_message_for_all_of_a_site_and_only_what_is_looked_at(sent: Sent) -> None:
    tick = Tick(dict.fromkeys((HOST, SITE, WEB, DB, LOOSE), USED))
    tell(3, looked(WEB, DB), tick, at=AT)
    [(topics, message, scope)] = sent.messages
    assert topics == ["metrics.7", "metrics.8"]
    assert scope == {"permission": "sites.view_container", "host": 3, "site": 5}
    assert (message["type"], message["at"], message["host"]) == ("metrics.update", AT, 3)
    assert [item["id"] for item in message["items"]] == [7, 8]
    assert message["items"][0] == {
        "kind": "container",
        "id": 7,
        "known": True,
        "unknown_since": None,
        "source": "cgroup",
        "values": {"cpu_percent": 12.346, "memory_bytes": 5.0},
    }


def test_no_message_is_about_more_than_a_reader_s_rights_are_asked_for(sent: Sent) -> None:
    tick = Tick(dict.fromkeys((HOST, SITE, WEB, LOOSE), USED))
    tell(3, looked(HOST, SITE, WEB, LOOSE), tick, at=AT)
    assert {tuple(topics): scope for topics, _, scope in sent.messages} == {
        ("metrics.host.3",): {"permission": "sites.view_host", "host": 3, "site": None},
        ("metrics.site.5",): {"permission": "sites.view_site", "host": 3, "site": 5},
        ("metrics.7",): {"permission": "sites.view_container", "host": 3, "site": 5},
        ("metrics.9",): {"permission": "sites.view_container", "host": 3, "site": None},
    }


def test_a_stopped_container_uses_nothing_that_is_known(sent: Sent) -> None:
    tell(3, looked(WEB, DB), Tick({WEB: USED}, later={WEB}), at=AT)
    assert sent.items()["container", 8]["values"] == {}
    assert sent.items()["container", 8]["known"] is True


def test_who_was_not_asked_this_time_is_not_told_of(sent: Sent) -> None:
    tell(3, looked(WEB, DB), Tick({WEB: USED}, later={WEB, DB}), at=AT)
    assert set(sent.items()) == {("container", 7)}


def test_unknown_has_a_time_and_no_numbers(sent: Sent) -> None:
    since = AT - timedelta(seconds=30)
    tell_unknown(3, looked(HOST, WEB), at=AT, since=since)
    for item in sent.items().values():
        assert (item["known"], item["unknown_since"], item["values"]) == (False, since, None)
    assert {message["at"] for _, message, _ in sent.messages} == {AT}
