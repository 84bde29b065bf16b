"""The permission table is complete, and each of its answers is the real one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import get_commands
from django.test import Client
from django.utils import timezone
from django_typer.management import get_command

from audit.record import Actor
from provisioning import engine
from provisioning.asking import ask
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.keys import generate_ed25519
from provisioning.engine.errors import Refused
from provisioning.models import Operation, Wizard
from provisioning.operations import VERBS
from siteflow.api import api
from siteflow.asgi import sockets
from siteflow.errors import problem_of
from siteflow.frames import Frame
from siteflow.topics import TOPICS, Wish, snapshot
from sites.answers import NotFound
from sites.models import Container, Host, Site
from tests.people import logged_in, person
from tests.provisioning.conftest import fake
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.siteflow import permission_table as table

__all__ = ["fake"]
OURS = {"audit", "monitoring", "provisioning", "sites", "siteflow"}
Things = dict[str, int]


# -- nothing is missing ----------------------------------------------------------------------


def test_every_address_is_in_the_table() -> None:
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"]
    described = {(method, path) for path, methods in paths.items() for method in methods}
    pages = {("get", "/api/docs"), ("get", "/api/openapi.json")}
    assert described | pages == set(table.API)


def test_every_topic_and_message_is_in_the_table() -> None:
    assert set(TOPICS) == set(table.TOPICS)
    types = {get_args(one.model_fields["type"].annotation)[0] for one in get_args(Frame)}
    assert types == set(table.MESSAGES)


def test_every_socket_is_in_the_table() -> None:
    found = {str(one.pattern): one.default_args.get("topics", ()) for one in sockets}
    assert found == table.SOCKETS


def test_every_command_is_in_the_table() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert ours == set(table.COMMANDS)
    for name, leaves in table.COMMANDS.items():
        tree: Any = getattr(get_command(name), "command_tree", None)
        children = getattr(tree, "children", {}) if leaves else {}
        assert set(children) == set(leaves), name
        for leaf in children.values():
            options = {option for one in leaf.click_command.params for option in one.opts}
            assert "--json" in options, f"{name} {leaf}"


def test_every_verb_needs_a_permission() -> None:
    assert {verb.permission for verb in VERBS.values()} == {
        "sites.operate_container",
        "sites.remove_container",
        "sites.operate_host",
        "sites.manage_host",
        "sites.manage_tag",
    }


# -- every answer is the real one ------------------------------------------------------------


@pytest.fixture
def things(
    db: None, fake: FakeHost, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Things:
    """One of each, in a state in which everything can be asked of it."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.logs.host_driver", lambda target: fake)
    monkeypatch.setattr(fake.docker, "logs", lambda *args, **given: [], raising=False)
    host = make_host(offered_key=generate_ed25519("").public_line)
    container = make_container(host, "shop-web-1")
    site = Site.objects.create(host=host, project="shop", name="shop")
    return {"host": host.pk, "container": container.pk, "site": site.pk}


def queued(things: Things, *, ended: bool) -> int:
    target = Container.objects.get(pk=things["container"])
    row = engine.start("container.restart", target, actor=COMMAND)
    if ended:
        Operation.objects.filter(pk=row.pk).update(status="failed", finished_at=timezone.now())
    return row.pk


def wizard_at(things: Things, move: str) -> int:
    """A wizard of admin's, where this move can be made: its host is tested and its key approved."""
    host = Host.objects.get(pk=things["host"])
    checks = [{"name": name, "verdict": "ok"} for name in ("login", "docker")]
    Host.objects.update(preflight=checks, preflight_at=timezone.now(), host_key=host.offered_key)
    tested = engine.start("host.test", host, actor=COMMAND)
    now = timezone.now() - timedelta(minutes=1)
    Operation.objects.filter(pk=tested.pk).update(status="succeeded", started_at=now)
    steps = {"test": "ssh_test", "previous": "docker_test", "complete": "confirm"}
    return Wizard.objects.create(
        kind="ssh_host",
        owner=person("admin"),
        step=steps.get(move, "connection"),
        state={"connection": table.CONNECTION, "authentication": {"auth": "keep"}},
        results={name: {"operation": tested.pk} for name in ("ssh_test", "docker_test")},
        host=host,
    ).pk


def client_of(role: str) -> Client:
    return Client() if role == "anonymous" else logged_in(person(role))


def filled(path: str, things: Things) -> str:
    kind = path.split("/")[2].removesuffix("s")
    values = {f"{name}_id": key for name, key in things.items()}
    return path.format(**values, target_id=things.get(kind), token_id=0)


def content(body: Any, things: Things) -> str:
    text = json.dumps(body) if body is not None else ""
    offered = Host.objects.get().offered_fingerprint
    return text.replace("OFFERED", offered).replace('"CONTAINER"', str(things["container"]))


def kept() -> list[Any]:
    """All that a request might have changed."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Host, Container, Site, Operation, Wizard)
    ]


@pytest.mark.parametrize("role", table.ROLES)
@pytest.mark.parametrize(("method", "path"), table.API, ids=" ".join)
def test_the_answer_of_each_address(things: Things, method: str, path: str, role: str) -> None:
    answers = table.API[method, path]
    if "{operation_id}" in path:
        things["operation"] = queued(things, ended=path.endswith("/retry"))
    if "{wizard_id}" in path:
        things["wizard"] = wizard_at(things, path.rpartition("/")[2])
    before = kept()
    browser = client_of(role)
    response = browser.generic(
        method.upper(), filled(path, things), content(answers.body, things), "application/json"
    )
    expected = getattr(answers, role)
    assert response.status_code == expected, getattr(response, "content", b"")
    if expected >= 300 or not answers.changes:
        assert kept() == before
    elif "/audit/" not in path:
        assert kept() != before


@pytest.mark.parametrize("role", table.ROLES)
@pytest.mark.parametrize("topic", table.TOPICS)
def test_the_answer_of_each_topic(things: Things, topic: str, role: str) -> None:
    things["operation"] = queued(things, ended=False)
    user = AnonymousUser() if role == "anonymous" else person(role)
    key = (
        things[topic.removesuffix(".").removesuffix("s").replace("container", "host")]
        if (topic.endswith("."))
        else ""
    )
    code = "subscribed"
    try:
        assert snapshot(user, Wish(f"{topic}{key}"))["items"] is not None
    except Exception as error:
        code = problem_of(error).code
    allowed = role in table.MAY_SUBSCRIBE
    assert code == ("subscribed" if allowed else table.TOPICS[topic])


@pytest.mark.parametrize("role", ["charlie", "bob"])
@pytest.mark.parametrize("kind", VERBS)
def test_no_verb_for_who_may_only_look(things: Things, kind: str, role: str) -> None:
    user = person(role)
    before = kept()
    with pytest.raises((Refused, NotFound)):
        ask(
            kind,
            target_id=things.get(VERBS[kind].target_type),
            user=user,
            actor=actor_of(user),
            params={},
        )
    assert kept() == before


@pytest.mark.parametrize("kind", VERBS)
def test_an_operator_manages_no_hosts(things: Things, kind: str) -> None:
    alice = person("alice")
    verb = VERBS[kind]
    target: Any = None
    if verb.target is not None:
        target = verb.target._default_manager.get(pk=things[verb.target_type])
    allowed = True
    try:
        engine.start(kind, target, actor=actor_of(alice), params={}, confirm_name=str(target))
    except Refused:
        allowed = False
    except Exception as error:  # the parameters are not the question here
        assert problem_of(error).status == 422
    assert allowed == verb.permission.startswith(("sites.operate_", "sites.remove_"))


def actor_of(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.username, source="ws")
