"""The search field of each of the console's lists."""

from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from audit.searching import MAX_SEARCH

pytestmark = pytest.mark.django_db
LISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model, page in site._registry.items()
    if page.search_fields
]


def test_there_are_lists() -> None:
    assert len(LISTS) >= 8


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("words", ["x" * MAX_SEARCH, "§ " * (MAX_SEARCH // 2)])
def test_the_longest(admin_client: Client, address: str, words: str) -> None:
    answer = admin_client.get(address, {"q": words})
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 0


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("chars", [MAX_SEARCH + 1, 60_000, 99_999])
def test_too_long_is_said_to_be(admin_client: Client, address: str, chars: int) -> None:
    answer = admin_client.get(address, {"q": "x" * chars})
    assert answer.status_code == 200
    assert f"at most {MAX_SEARCH} characters" in answer.content.decode()
