"""The permission table and the running application name the same things: nothing is left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import pytest
from django.core.management import get_commands
from django_typer.management import get_command

from provisioning.operations import VERBS
from siteflow.asgi import sockets
from siteflow.frames import Frame
from siteflow.topics import TOPICS
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.cells import described, routes
from tests.siteflow.matrix.hidden import COMPARED
from tests.siteflow.matrix.pages import PAGES
from tests.siteflow.matrix.questions import QUESTIONS
from tests.siteflow.matrix.visitors import VISITORS

OURS = {"audit", "monitoring", "provisioning", "sites", "siteflow"}


def same(there: Iterable[Any], told: Iterable[Any], where: str) -> None:
    """Says which rows to add to the table, and which to take out."""
    lacking, stale = set(there) - set(told), set(told) - set(there)
    assert not lacking, f"add rows to {where} for: {sorted(map(repr, lacking))}"
    assert not stale, f"take out of {where}, as the application has it not: {sorted(stale)}"


def test_every_address_of_the_api() -> None:
    same(described(), table.API, "API in tests/siteflow/permission_table/api_….py")


def test_every_page_and_every_action_of_a_list(db: None) -> None:
    same(routes(), PAGES, "PAGES in tests/siteflow/matrix/…pages.py")


def test_every_further_question_is_of_an_address_and_a_visitor_there_is() -> None:
    pages = {(method, path) for path in PAGES for method in ("get", "post")}
    assert {(method, path) for method, path, _ in QUESTIONS} <= pages | table.API.keys()
    names = {visitor.name for visitor in VISITORS}
    assert {row.by for _, _, row in QUESTIONS} - {""} | COMPARED <= names


def test_every_verb() -> None:
    same(VERBS, table.VERBS, "VERBS in tests/siteflow/permission_table/verbs.py")


def test_every_topic() -> None:
    same(TOPICS, table.TOPICS, "TOPICS in tests/siteflow/permission_table/sockets.py")


def test_every_type_of_message() -> None:
    types = [get_args(one.model_fields["type"].annotation)[0] for one in get_args(Frame)]
    same(types, table.MESSAGES, "MESSAGES in tests/siteflow/permission_table/sockets.py")


def test_every_socket() -> None:
    found = {str(one.pattern): one.default_args.get("topics", ()) for one in sockets}
    assert found == table.SOCKETS


def test_every_command() -> None:
    ours = [name for name, app in get_commands().items() if app in OURS]
    same(ours, table.COMMANDS, "COMMANDS in tests/siteflow/permission_table/commands.py")


@pytest.mark.parametrize("name", table.COMMANDS)
def test_every_part_of_a_command_answers_in_json_too(name: str) -> None:
    leaves = table.COMMANDS[name]
    tree: Any = getattr(get_command(name), "command_tree", None)
    children = getattr(tree, "children", {}) if leaves else {}
    same(children, leaves, f"COMMANDS[{name!r}] in tests/siteflow/permission_table/commands.py")
    for leaf in children.values():
        options = {option for one in leaf.click_command.params for option in one.opts}
        assert "--json" in options, f"{name} {leaf}"
