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
CHOSEN = 5  # every so many families: what a browser sends there is not typed


@pytest.fixture
def confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that was given once counts for as long as this takes."""
    monkeypatch.setattr("siteflow.accounts.adapter.FRESH_S", 10**6)


def test_every_form(things: Things, admin: User, corpus: Corpus) -> None:
    visitors = everybody(things, admin)
    found = [form for visitor in visitors for form in visitor.forms]
    assert len(found) >= 45 and sum(len(form.typed) for form in found) >= 70
    assert sum("q" in form.typed for form in found) >= 7  # each list can be searched
    steps = [form for form in found if "/set-up/" in form.url]
    assert len(steps) > sum(len(kind.steps) for kind in TYPES.values())
    asked = sum(tried(visitor, form, corpus) for visitor in visitors for form in visitor.forms)
    names = sum(len(form.names) for form in found)
    print(f"{len(found)} forms, {names} fields, {asked} requests")


def test_the_second_factor(admin: User, corpus: Corpus) -> None:
    visitors = with_app(admin)
    found = [form for visitor in visitors for form in visitor.forms]
    typed = {name for form in found for name in form.typed}
    assert len(found) >= 4 and "code" in typed
    for visitor in visitors:
        for form in visitor.forms:
            tried(visitor, form, corpus)


def tried(visitor: Visitor, form: Form, corpus: Corpus) -> int:
    """How many requests it took."""
    return together(visitor, form, corpus) + alone(visitor, form, corpus)


def together(visitor: Visitor, form: Form, corpus: Corpus) -> int:
    """In all fields at a time, in each another one, until each field had all that are its own."""
    given = {
        name: texts(corpus.page_share(number)) for number, name in enumerate(sorted(form.typed))
    }
    requests = max(map(len, given.values()), default=0)
    for request in range(requests):
        looked_at(visitor, form, {name: own[request % len(own)] for name, own in given.items()})
    return requests


def alone(visitor: Visitor, form: Form, corpus: Corpus) -> int:
    """All else is right: no other field's refusal hides what this one does. All families."""
    requests = 0
    for number, name in enumerate(form.names):
        own = texts(corpus.of_each(number))
        for text in own if name in form.typed else own[number % CHOSEN :: CHOSEN]:
            looked_at(visitor, form, {name: text})
            requests += 1
    return requests


def texts(values: list[Hostile]) -> list[str]:
    return [one.text for one in values if encodable(one.text) and len(one.text) < MAX_CHARS]


def looked_at(visitor: Visitor, form: Form, given: dict[str, str]) -> None:
    with taken_back():
        answer = visitor.post(form, given)
    assert answer.status_code < 500, (str(form), given)
    assert "\n" not in answer.get("Location", "")
    if answer.status_code != 302 and answer["Content-Type"].startswith("text/html"):
        assert Page(answer.content.decode()).bad == [], (str(form), given)
