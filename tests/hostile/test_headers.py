"""Every header a request is read for, with every value HTTP allows there, as daphne hands it on."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import Entry
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.markup import Page
from tests.hostile.world import taken_back, told
from tests.people import logged_in
from tests.siteflow.things import Things, things

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
MAX_BYTES: Final = 8_000  # daphne reads no longer line
NOTED: Final = ("User-Agent", "X-Forwarded-For", "X-Request-ID", "Referer", "Accept",
                "Accept-Language", "Idempotency-Key")  # fmt: skip
# What decides who asks, or whether they are listened to: nothing else is read after a refusal.
DECIDING: Final = ("Host", "Origin", "Cookie", "Authorization")
PAGES: Final = ("/admin/", "/api/containers", "/admin/sites/container/", "/nothing/there/")


def sayable(corpus: Corpus, number: int) -> list[str]:
    """UTF-8 as the text Django is given of it: each byte a character."""
    texts = [one.text.encode() for one in corpus.share(number) if encodable(one.text)]
    legal = [text for text in texts if not set(text) & set(b"\0\r\n") and len(text) < MAX_BYTES]
    return [text.strip(b" \t").decode("latin-1") for text in legal]


def looked_at(answer: Any, where: object) -> None:
    assert answer.status_code < 500, where
    if answer["Content-Type"].startswith("text/html"):
        assert Page(answer.content.decode()).bad == [], where
    elif answer.status_code >= 400:
        told(answer)
    assert not [one for one in answer.headers.values() if "\n" in one or "\r" in one], where


@pytest.mark.parametrize("name", DECIDING)
def test_a_header_that_decides(name: str, things: Things, admin: User, corpus: Corpus) -> None:
    client = asking(admin)
    pages = (*PAGES, f"/api/containers/{things['container']}/stop")
    for number, text in enumerate(sayable(corpus, 0)):
        page = pages[number % len(pages)]
        method = client.post if page.endswith("/stop") else client.get
        with taken_back():
            looked_at(method(page, headers={name: text}), (name, text, page))


def asking(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.raise_request_exception = False
    return client


def test_what_is_noted_of_a_request(
    things: Things, admin: User, corpus: Corpus, settings: Any
) -> None:
    """In all of them at once, each another value; what the audit keeps is shown as text."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    client, url = logged_in(admin), f"/api/containers/{things['container']}/stop"
    client.raise_request_exception = False
    own = [sayable(corpus, number) for number in range(len(NOTED))]
    for number in range(max(map(len, own))):
        given = {name: one[number % len(one)] for name, one in zip(NOTED, own, strict=True)}
        looked_at(client.post(url, "{}", "application/json", headers=given), given)
        if number % len(PAGES) == 0:
            looked_at(client.get(PAGES[number // len(PAGES) % len(PAGES)], headers=given), given)
    kept = set(Entry.objects.values_list("user_agent", flat=True))
    assert len(kept & set(own[0])) >= 0.8 * len(own[0])
    assert_shown(client)
    assert_exported(client)


def assert_shown(client: Client) -> None:
    for page in range(1, Entry.objects.count() // 50 + 2):
        looked_at(client.get(f"/admin/audit/entry/?p={page}"), page)
    for key in Entry.objects.values_list("pk", flat=True)[::8]:
        looked_at(client.get(f"/admin/audit/entry/{key}/change/"), key)


def assert_exported(client: Client) -> None:
    lines = exported(client, "jsonl").splitlines()
    agents = [json.loads(line)["user_agent"] for line in lines]
    rows = list(csv.DictReader(io.StringIO(exported(client, "csv"), newline="")))
    assert len(agents) == Entry.objects.count() - 2  # neither export is in the first
    assert len(rows) == len(agents) + 1
    assert not [row for row in rows if row["user_agent"].startswith(("=", "+", "-", "@", "\t"))]
    assert [row["user_agent"].removeprefix("'") for row in rows[: len(agents)]] == [
        agent.removeprefix("'") for agent in agents
    ]


def exported(client: Client, form: str) -> str:
    answer: Any = client.get(f"/api/audit/export?format={form}")
    text: str = b"".join(answer.streaming_content).decode()
    if form == "jsonl":
        assert not {char for char in text if unicodedata.category(char) == "Cc"} - {"\n"}
    return text
