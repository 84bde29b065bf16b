"""Every form of the console: hostile values in all its fields together, and in each one alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User

from tests.hostile.corpus import Corpus, encodable
from tests.hostile.forms import Form, forms
from tests.hostile.markup import Page
from tests.hostile.world import taken_back
from tests.people import logged_in
from tests.siteflow.things import Things, queued, things

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
MAX_CHARS = 20_000  # a page repeats what was typed into it
TOGETHER, ALONE = 8, 40  # each eighth value, each fortieth: a page is slow to make


def test_every_form(things: Things, admin: User, corpus: Corpus) -> None:
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    client, asked = logged_in(admin), 0
    client.raise_request_exception = False  # what `siteflow/refusals.py` answers is looked at
    known = {**things, "operation": queued(things, ended=True), "user": admin.pk, "group": 1}
    found = forms(client, known)
    assert len(found) >= 12 and sum(len(form.names) for form in found) >= 60
    texts = [one.text for one in corpus.values if encodable(one.text) and len(one.text) < MAX_CHARS]
    for form in found:
        for text in texts[::TOGETHER]:
            asked += post(client, form, dict.fromkeys(form.names, text))
        for number, name in enumerate(form.names):
            for text in texts[number % ALONE :: ALONE]:
                asked += post(client, form, {name: text})
    print(f"{len(found)} forms, {sum(len(form.names) for form in found)} fields, {asked} requests")


def post(client: Any, form: Form, given: dict[str, str]) -> int:
    cookies = client.cookies.copy()
    data = {**form.values, **given}
    with taken_back():
        if form.method == "get":
            answer = client.get(f"{form.url.partition('?')[0]}?{urlencode(data)}")
        else:
            answer = client.post(form.url, data)
        assert answer.status_code < 500, (form, given)
        if answer.status_code != 302 and answer["Content-Type"].startswith("text/html"):
            assert Page(answer.content.decode()).bad == [], (form, given)
        assert "\n" not in answer.get("Location", "")
    client.cookies = cookies
    return 1
