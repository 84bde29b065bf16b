"""Every form of the console: hostile values in all its fields together, and in each one alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from provisioning.wizards.types import TYPES
from tests.hostile.corpus import Corpus, Hostile, encodable
from tests.hostile.forms import Form
from tests.hostile.markup import Page
from tests.hostile.visitors import Visitor, everybody, with_app
from tests.hostile.world import taken_back
from tests.siteflow.things import Things, things

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once", "confirmed")]
MAX_CHARS = 100_000  # a page repeats what was typed into it
PARTS = 6  # tests of some minutes: all forms of one kind of thing are in one
CHOSEN = 5  # every so many families: what a browser sends there is not typed


@pytest.fixture
def confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that was given once counts for as long as this takes."""
    monkeypatch.setattr("siteflow.accounts.adapter.FRESH_S", 10**6)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_form(part: int, things: Things, admin: User, corpus: Corpus) -> None:
    visitors = everybody(things, admin)
    found = [form for visitor in visitors for form in visitor.forms]
    assert len(found) >= 45 and sum(len(form.typed) for form in found) >= 70
    assert sum("q" in form.typed for form in found) >= 7  # each list can be searched
    steps = [form for form in found if "/set-up/" in form.url]
    assert len(steps) > sum(len(kind.steps) for kind in TYPES.values())
    of_part = set(sorted({form.thing for form in found})[part::PARTS])
    walk = Walk(corpus)
    asked = [
        walk.tried(visitor, form)
        for visitor in visitors
        for form in visitor.forms
        if form.thing in of_part
    ]
    assert asked
    print(f"{len(asked)} of {len(found)} forms, {sum(asked)} requests")


def test_the_second_factor(admin: User, corpus: Corpus) -> None:
    visitors = with_app(admin)
    found = [form for visitor in visitors for form in visitor.forms]
    typed = {name for form in found for name in form.typed}
    assert len(found) >= 4 and "code" in typed
    walk = Walk(corpus)
    for visitor in visitors:
        for form in visitor.forms:
            assert walk.tried(visitor, form)


class Walk:
    """From form to form. Of fields that are the same the first gets all that is for one."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._known = corpus, set[tuple[str, str]]()

    def tried(self, visitor: Visitor, form: Form) -> int:
        """How many requests it took."""
        requests = self._together(visitor, form) + self._alone(visitor, form)
        self._known |= {(form.thing, name) for name in form.names}
        return requests

    def _together(self, visitor: Visitor, form: Form) -> int:
        """In all fields at a time, in each another one, until each had all that are its own."""
        given = {
            name: texts(self._own(form, name, number, self._corpus.page_share(number)))
            for number, name in enumerate(sorted(form.typed))
        }
        requests = max(map(len, given.values()), default=0)
        for request in range(requests):
            told = {name: own[request % len(own)] for name, own in given.items()}
            looked_at(visitor, form, told)
        return requests

    def _alone(self, visitor: Visitor, form: Form) -> int:
        """All else is right: no other field's refusal hides what this one does. All families."""
        requests = 0
        for number, name in enumerate(form.names):
            own = texts(self._own(form, name, number, self._corpus.of_each(number)))
            for text in own if name in form.typed else own[number % CHOSEN :: CHOSEN]:
                looked_at(visitor, form, {name: text})
                requests += 1
        return requests

    def _own(self, form: Form, name: str, number: int, values: list[Hostile]) -> list[Hostile]:
        is_known = name in form.typed and (form.thing, name) in self._known
        return self._corpus.third(values, number + len(self._known)) if is_known else values


def texts(values: list[Hostile]) -> list[str]:
    return [one.text for one in values if encodable(one.text) and len(one.text) < MAX_CHARS]


def looked_at(visitor: Visitor, form: Form, given: dict[str, str]) -> None:
    with taken_back():
        answer = visitor.post(form, given)
    assert answer.status_code < 500, (str(form), given)
    assert "\n" not in answer.get("Location", "")
    if answer.status_code != 302 and answer["Content-Type"].startswith("text/html"):
        assert Page(answer.content.decode()).bad == [], (str(form), given)
