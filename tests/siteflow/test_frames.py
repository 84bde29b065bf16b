from __future__ import annotations

from typing import Any

import pytest

from siteflow.frames import ActionStart, BadFrame, Ping, Subscribe, parse


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('{"type": "ping"}', Ping(type="ping")),
        ('{"type": "ping", "id": 7}', Ping(type="ping", id=7)),
        ('{"type": "ping", "id": "\\ud83d\\ude00"}', Ping(type="ping", id="\U0001f600")),
        (
            '{"type": "subscribe", "topic": "containers", "ids": [1, 2], "id": "a"}',
            Subscribe(type="subscribe", topic="containers", ids=[1, 2], id="a"),
        ),
        (
            '{"type": "action.start", "kind": "container.stop", "target_id": 3,'
            ' "params": {"grace_s": 1}}',
            ActionStart(
                type="action.start", kind="container.stop", target_id=3, params={"grace_s": 1}
            ),
        ),
    ],
)
def test_what_clients_say(text: str, frame: Any) -> None:
    assert parse(text) == frame


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (None, "bad_message", ""),
        ("", "bad_json", ""),
        ("{", "bad_json", ""),
        ("[" * 5_000, "bad_json", ""),
        ('{"type": "ping", "id": "\\ud800"}', "bad_json", ""),
        ('{"type": "ping", "id": "\\uDBFF-\\uDC00"}', "bad_json", ""),
        ("NaN", "bad_message", ""),
        ("3", "bad_message", ""),
        ("[]", "bad_message", ""),
        ("{}", "unknown_type", "type"),
        ('{"type": "fly"}', "unknown_type", "type"),
        ('{"type": ["ping"]}', "unknown_type", "type"),
        ('{"type": "ping", "colour": 1}', "bad_message", "colour"),
        ('{"type": "ping", "id": [1]}', "bad_message", "id"),
        ('{"type": "subscribe"}', "bad_message", "topic"),
        ('{"type": "subscribe", "topic": 7}', "bad_message", "topic"),
        ('{"type": "subscribe", "topic": "' + "x" * 81 + '"}', "bad_message", "topic"),
        ('{"type": "subscribe", "topic": "hosts", "ids": ["1"]}', "bad_message", "ids.0"),
        (
            '{"type": "subscribe", "topic": "hosts", "ids": ' + str([1] * 501) + "}",
            "bad_message",
            "ids",
        ),
        ('{"type": "action.start", "kind": "host.test", "params": []}', "bad_message", "params"),
        ('{"type": "action.start", "kind": "a", "target_id": true}', "bad_message", "target_id"),
        ('{"type": "ping", "id": "' + "x" * 17_000 + '"}', "message_too_large", ""),
        ('{"type": "ping", "id": "' + "ü" * 9_000 + '"}', "message_too_large", ""),
    ],
)
def test_nonsense(text: str | None, code: str, field: str) -> None:
    with pytest.raises(BadFrame) as caught:
        parse(text)
    assert (caught.value.code, caught.value.field.partition(".")[0]) == (
        code,
        field.partition(".")[0],
    )
    assert "xxx" not in caught.value.message
