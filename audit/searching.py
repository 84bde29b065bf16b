"""The search field over the console's lists: some words, each in one of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.core.validators import MaxLengthValidator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

MAX_SEARCH: Final = 200  # characters; SQLite gives up on patterns of more than 50,000 bytes
MAX_WORDS: Final = 10  # more are not looked at

Row = TypeVar("Row", bound=Model)
if TYPE_CHECKING:  # generic to the type checker only
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


def containing(rows: QuerySet[Row], words: str, *columns: str) -> QuerySet[Row]:
    """Every word occurs in one of the columns, in any case."""
    for word in words.split()[:MAX_WORDS]:
        found = Q()
        for column in columns:
            found |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(found)
    return rows


class SearchForm(ChangeListSearchForm):
    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        too_long = f"Search for at most {MAX_SEARCH} characters."
        self.fields[SEARCH_VAR].validators.append(MaxLengthValidator(MAX_SEARCH, too_long))


class SearchedList(ChangeList):
    search_form_class = SearchForm


class Searched(_ModelAdmin):
    """Looks for words in ``search_fields``. A text that is too long is refused in words."""

    def get_changelist(self, request: HttpRequest, **given: Any) -> type[ChangeList]:
        return SearchedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return containing(queryset, search_term, *self.search_fields), False
