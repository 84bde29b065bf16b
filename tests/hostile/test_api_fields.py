"""Every field of the API with every hostile value: refused in the one shape, or taken as it is."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final
from zlib import crc32

import pytest
from django.contrib.auth.models import User

from tests.hostile.corpus import Corpus, encodable
from tests.hostile.fields import Address, Field, Request, addresses, homes
from tests.hostile.world import World, told
from tests.people import logged_in
from tests.siteflow.things import Things, content, filled, queued, things, wizard_at

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
# A body of a megabyte, which is read at all, is tried with one value for each field.
LARGE = 100_000


def test_the_document_has_all_of_them() -> None:
    """Were none found, nothing below would be tried."""
    found = addresses()
    assert len(found) >= 55
    assert sum(len(address.fields) for address in found) >= 190
    assert {field.place for address in found for field in address.fields} == {
        "path", "query", "header", "body",
    }  # fmt: skip


class Attempt:
    """All fields of one address with one value: together first, then what is left, then alone."""

    def __init__(self, world: World, address: Address, path: str, baseline: Any) -> None:
        self.world, self.address, self.path, self.baseline = world, address, path, baseline
        self.tried = Counter[Field]()

    def everywhere(self, fields: set[Field], text: str) -> None:
        """Each of these is named in a refusal, part of what was taken, or was tried alone."""
        for field in fields & self._of("path"):
            self._ask({field}, text)
        pending = fields - self._of("path")
        if not encodable(text):
            pending -= self._of("header")  # no client can send it there
        while pending:
            status, named = self._ask(pending, text)
            if status < 300 or len(pending) == 1:
                return
            refused = {field for field in pending if field.name in named}
            if not refused:
                return self._each_alone(pending, text)
            pending -= refused

    def _each_alone(self, pending: set[Field], text: str) -> None:
        for field in pending:
            self._ask({field}, text)

    def _ask(self, fields: set[Field], text: str) -> tuple[int, set[str]]:
        self.tried.update(fields)
        request = Request(self.address, frozenset(fields), text)
        body, headers = request.body(self.baseline), request.headers()
        with self.world.asked(
            self.address.method, request.url(self.path), body, headers=headers
        ) as answer:
            if answer.streaming:
                return answer.status_code, set()
            found = told(answer)
            if answer.status_code < 300:
                texts = {one for one in fields if not self._is_a_time(one)}
                assert_as_it_is(found, texts, text)
                return answer.status_code, set()
            return answer.status_code, names_in(found["error"])

    def _is_a_time(self, field: Field) -> bool:
        return "date-time" in str(self.address.schema.get(field.name))

    def _of(self, place: str) -> set[Field]:
        return {field for field in self.address.fields if field.place == place}


def names_in(error: dict[str, Any]) -> set[str]:
    """The fields a refusal speaks of."""
    errors = error["details"].get("errors", ()) if isinstance(error["details"], dict) else ()
    return {error["field"] or ""} | {str(part) for one in errors for part in one["loc"]}


def assert_as_it_is(found: Any, fields: set[Field], text: str) -> None:
    """What was taken is shown again character for character, but for blanks around it."""
    for field in fields:
        if field.name == "host" and not text:
            continue  # without a word about it it is the only host, whose name is told
        if field.place == "body" and isinstance(found.get(field.name), str):
            assert found[field.name] == text.strip()


HOMES: Final = homes()


@pytest.mark.parametrize("address", addresses(), ids=str)
def test_every_field_of(address: Address, things: Things, admin: User, corpus: Corpus) -> None:
    """One that is read as another address's is gets a small share, for each address another."""
    if not address.fields:
        return
    if "{operation_id}" in address.path:
        things["operation"] = queued(things, ended=address.path.endswith("/retry"))
    if "{wizard_id}" in address.path:
        things["wizard"] = wizard_at(things, address.path.rpartition("/")[2])
    baseline = json.loads(content(address.baseline, things, address.path))
    attempt = Attempt(World(logged_in(admin)), address, filled(address.path, things), baseline)
    at_home = {field for field in address.fields if HOMES[field.reader] == str(address)}
    core, share = set(corpus.core), set(corpus.small_share(crc32(str(address).encode())))
    for value in corpus.values:
        if len(value.text) < LARGE:
            own = at_home if value in core else set[Field]()
            guests = set(address.fields) - at_home if value in share else set[Field]()
            attempt.everywhere(own | guests, value.text)
    for field in address.fields:
        enough = corpus.enough if field in at_home else corpus.at_least(70)
        assert attempt.tried[field] >= enough, field
