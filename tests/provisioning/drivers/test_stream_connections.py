"""Streams share connections up to a number of channels; then there is another connection."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.drivers import stream_connections
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.stream_connections import CHANNELS, MAX_CONNECTIONS, StreamConnections
from provisioning.drivers.target import Login, SshTarget

TARGET = SshTarget("web1", "10.0.0.2", 22, "root", Login("password", "x"), "ssh-ed25519 AAAA")


class Kept:
    """A connection that counts."""

    made: list[Kept]

    def __init__(self, target: object, *, via: object, channels: int) -> None:
        self.slots = self
        self.taken = 0
        self.made.append(self)

    def session(self, deadline: Deadline) -> Any:
        if deadline.passed():
            raise DriverError("web1: not reached", "unreachable")
        self.taken += 1
        return self


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> StreamConnections:
    Kept.made = []
    monkeypatch.setattr(stream_connections, "Connection", Kept)
    return StreamConnections(TARGET)


def test_the_first_with_room_is_taken(streams: StreamConnections) -> None:
    for _ in range(CHANNELS + 1):
        streams.session(Deadline(9))
    assert [kept.taken for kept in Kept.made] == [CHANNELS, 1]
    Kept.made[0].taken -= 1
    streams.session(Deadline(9))
    assert [kept.taken for kept in Kept.made] == [CHANNELS, 1]


def test_there_is_an_end_to_it_in_words(streams: StreamConnections) -> None:
    for _ in range(CHANNELS * MAX_CONNECTIONS):
        streams.session(Deadline(9))
    with pytest.raises(DriverError) as raised:
        streams.session(Deadline(9))
    assert raised.value.code == "busy"
    assert len(Kept.made) == MAX_CONNECTIONS


def test_one_that_was_not_opened_takes_no_room(streams: StreamConnections) -> None:
    for _ in range(CHANNELS * 2):
        with pytest.raises(DriverError):
            streams.session(Deadline(0))
    assert len(Kept.made) == 1
