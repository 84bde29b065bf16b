"""What is masked in a compose file, what comes back, and which edits are refused."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.operations.contract import VerbError
from provisioning.releases.editing import Configuration, edited
from provisioning.releases.masking import masked_compose, restored_compose
from provisioning.releases.models import Release
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import COMPOSE, ENV, make_release, make_site

INLINE = """\
services:
  db:
    image: mariadb:11
    environment:
      MARIADB_ROOT_PASSWORD: hunter2
      - API_TOKEN=abc=def
      "SECRET_KEY": 'quoted # value'
      DATABASE_URL: postgres://shop:hunter3@db/shop
      DB_PASSWORD: ${DB_PASSWORD}
      OTHER_PASSWORD: "${OTHER}"
      TITLE: The secret of good bread
    secrets:
      - db_password
"""


def test_values_that_sound_secret_are_masked_and_references_are_not() -> None:
    shown = masked_compose(INLINE)
    for secret in ("hunter2", "abc=def", "quoted", "hunter3"):
        assert secret not in shown
    for kept in ("${DB_PASSWORD}", '"${OTHER}"', "The secret of good bread", "- db_password",
                 "postgres://shop:•••@db/shop"):  # fmt: skip
        assert kept in shown


def test_masked_lines_come_back_wherever_they_stand_now() -> None:
    assert restored_compose(masked_compose(INLINE), INLINE) == INLINE
    moved = (
        masked_compose(INLINE).replace("mariadb:11", "mariadb:12").replace("\n      ", "\n        ")
    )
    assert "  MARIADB_ROOT_PASSWORD: hunter2\n" in restored_compose(moved, INLINE)


def test_two_lines_that_look_alike_masked_keep_their_own_values() -> None:
    text = "  a_password: one\n  b:\n  a_password: two\n"
    assert restored_compose(masked_compose(text), text) == text


def test_a_mask_for_something_new_is_refused() -> None:
    with pytest.raises(VerbError) as refused:
        restored_compose("x:\n  NEW_PASSWORD: •••\n", INLINE)
    assert (refused.value.field, refused.value.status) == ("compose", 422)
    assert "line 2" in refused.value.message


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"compose": "services: [\n"}, "compose", "line 2"),
        ({"compose": "just text"}, "compose", "no services"),
        ({"compose": "[" * 50_000}, "compose", "no YAML"),
        ({"compose": "services: {web: 2026-99-99}"}, "compose", "no YAML"),
        ({"env": "A='open"}, "env", ""),
        ({"env": "NEW=•••\n"}, "env", "NEW has no value yet"),
        ({"template_version": 99}, "template", "version 99"),
    ],
)
def test_an_edit_that_cannot_be_a_release_says_where(
    given: dict[str, Any], field: str, words: str
) -> None:
    base = make_release(make_site(make_host()))
    with pytest.raises(VerbError) as refused:
        edited(base, Configuration(revision=1, **given), number=2, by="alice")
    assert refused.value.field == field
    assert words in refused.value.message


@pytest.mark.django_db
def test_an_edit_keeps_what_it_does_not_name() -> None:
    base = make_release(make_site(make_host()))
    given = Configuration(revision=1, compose=COMPOSE.replace("\n", "\r\n"))
    row: Release = edited(base, given, number=2, by="alice")
    assert (row.compose, row.reveal(), row.secret_names) == (COMPOSE, ENV, ["DB_PASSWORD"])
