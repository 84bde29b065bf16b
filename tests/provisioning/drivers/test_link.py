from __future__ import annotations

import paramiko
import pytest
from paramiko.message import Message

from provisioning.drivers.lane import Lane
from provisioning.drivers.link import Link


def test_every_channel_message_reaches_our_own_channel() -> None:
    ours = Link._channel_handler_table
    theirs = paramiko.Transport._channel_handler_table  # type: ignore[attr-defined]
    assert set(ours) == set(theirs)
    lane = Lane(1)
    seen: list[Message] = []
    for code, method in theirs.items():
        setattr(lane, method.__name__, seen.append)
        ours[code](lane, Message(bytes([code])))
    assert len(seen) == len(theirs)


def data(payload: bytes) -> Message:
    message = Message()
    message.add_string(payload)
    message.rewind()
    return message


def test_a_server_that_ignores_the_window_is_cut_off() -> None:
    lane = Lane(1)
    with pytest.raises(paramiko.SSHException):
        for _ in range(100):
            lane._feed(data(b"x" * 100_000))
    assert len(lane.in_buffer) < 5_000_000


def test_the_reader_is_woken_by_either_stream() -> None:
    lane = Lane(1)
    lane._feed(data(b"out"))
    assert lane.wake.is_set()
    lane.recv(10)
    assert lane.wake.is_set()  # an empty buffer must not hide what the other one holds
    lane.wake.rest()
    lane.in_stderr_buffer.feed(b"err")
    assert lane.wake.is_set()


def request(kind: str, *values: str | int | bool) -> Message:
    message = Message()
    message.add_string(kind)
    message.add_boolean(False)
    for value in values:
        message.add_int(value) if isinstance(value, int) else message.add_string(str(value))
    message.rewind()
    return message


@pytest.mark.parametrize(
    ("message", "exit_status"),
    [
        (request("exit-status", 3), 3),
        (request("exit-signal", "KILL"), 137),
        (request("exit-signal", "TERM"), 143),
        (request("exit-signal", "../x"), 143),
        (request("exit-signal", "NONSENSE"), 143),
    ],
)
def test_how_a_command_ended(message: Message, exit_status: int) -> None:
    lane = Lane(1)
    lane.transport = paramiko.Transport.__new__(paramiko.Transport)
    lane.transport.server_object = None
    lane._handle_request(message)
    assert lane.exited()
    assert lane.exit_status == exit_status
