from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.notify.models import Delivery
from monitoring.notify.neutral import one_line
from monitoring.notify.wording import MAX_BODY, MAX_TITLE, message_of
from sites.models import Host

AT = datetime(2026, 11, 28, 22, 31, 5, tzinfo=UTC)


def row(title: str = "shop is down", **given: Any) -> Delivery:
    usual = {"kind": "firing", "severity": "critical", "body": "", "created_at": AT}
    return Delivery(**{**usual, "title": title, **given})


def test_one_notice_is_told_with_its_severity_and_time() -> None:
    told = message_of([row(body="On web1.\nSince 22:30 UTC.")], chat=False)
    assert told.title == "Critical: shop is down"
    assert told.body == "On web1.\nSince 22:30 UTC.\nNoticed 2026-11-28 22:31 UTC"
    assert told.type == "failure"


@pytest.mark.parametrize(
    ("kind", "severity", "title", "colour"),
    [
        ("firing", "warning", "Warning: x", "warning"),
        ("firing", "info", "Info: x", "info"),
        ("resolved", "critical", "Resolved: x", "success"),
        ("test", "info", "Test: x", "info"),
    ],
)
def test_kind_and_severity_show(kind: str, severity: str, title: str, colour: str) -> None:
    told = message_of([row("x", kind=kind, severity=severity)], chat=False)
    assert (told.title, told.type) == (title, colour)


def test_several_are_one_message_the_worst_first() -> None:
    host = Host(name="web1")
    rows = [
        row("disk fills", severity="warning", host=host, body="/ 91 %\nsecond\nthird"),
        row("shop is down", host=host),
        row("blog is down", host=host, kind="resolved"),
    ]
    told = message_of(rows, chat=False)
    assert told.title == "2 alerts, 1 resolved on web1"
    assert told.body.splitlines() == [
        "• Critical: shop is down (2026-11-28 22:31 UTC)",
        "• Warning: disk fills (2026-11-28 22:31 UTC)",
        "   / 91 %",
        "   second",
        "   … and 1 more line",
        "• Resolved: blog is down (2026-11-28 22:31 UTC)",
    ]
    assert told.type == "failure"


@pytest.mark.parametrize(
    ("hosts", "title"),
    [
        (["web1"] * 5, "5 alerts on web1"),
        (["web1", "web2"], "2 alerts"),
        ([None, "web1"], "2 alerts"),
    ],
)
def test_a_host_is_named_when_all_is_on_it(hosts: list[str | None], title: str) -> None:
    rows = [row(host=Host(name=name) if name else None) for name in hosts]
    assert message_of(rows, chat=False).title == title


def test_causes_and_lengths_are_capped() -> None:
    told = message_of([row("t" * 5000, body="\n".join(["x" * 200] * 500))], chat=False)
    assert len(told.title) == MAX_TITLE and len(told.body) <= MAX_BODY
    assert told.body.splitlines()[-1].endswith("more lines")
    many = message_of([row(f"number {count}", body="b" * 300) for count in range(50)], chat=True)
    assert len(many.body) <= MAX_BODY and "more lines" in many.body


HOSTILE = (
    "web\r\nBcc: all@example.org\x1b[31m\x00\x85\u2028\u202e @everyone <!channel> <@U1> "
    "[a](http://x) `*|~&amp;"
)


@pytest.mark.parametrize("chat", [True, False])
def test_hostile_names_break_no_line(chat: bool) -> None:
    told = message_of([row(HOSTILE, body=f"one\r\ntwo {HOSTILE}\x0bthree")], chat=chat)
    assert told.title.startswith("Critical: web Bcc: all")
    for text in (told.title, told.body.replace("\n", "")):
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in text)
        assert not {"\u2028", "\u202e", "\x1b"} & set(text)


def test_a_chat_service_finds_neither_markup_nor_mentions() -> None:
    told = message_of([row(HOSTILE, body=HOSTILE)], chat=True)
    for text in (told.title, told.body):
        assert not set("<>[]`*|~&") & set(text)
        assert "@everyone" not in text and "@\u200beveryone" in text
    assert "<!channel>" in message_of([row(HOSTILE)], chat=False).title


def test_invisible_signs_are_taken_out() -> None:
    assert one_line("sh\u200bop\u00ad @\u2060here", chat=False) == "shop @here"
    assert one_line("@\u2060here", chat=True) == "@\u200bhere"
