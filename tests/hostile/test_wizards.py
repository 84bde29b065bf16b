"""Every field of every step of every wizard by the API: kept as it is, or refused at the step."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from django.contrib.auth.models import User

from provisioning.models import Wizard
from provisioning.wizards.types import TYPES
from sites.models import Host
from tests.hostile.corpus import Corpus
from tests.hostile.visitors import ssh_host
from tests.hostile.world import World, told
from tests.people import logged_in
from tests.siteflow.permission_table import CONNECTION
from tests.siteflow.things import Things, things

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
RIGHT: Final[dict[str, dict[str, Any]]] = {
    "connection": CONNECTION,
    "authentication": {"auth": "password", "password": "x", "private_key": None},
    "ssh_test": {},
}
MOVES: Final = ("next", "test")  # what comes after a step: its host is changed, or tested


def cases() -> list[tuple[str, str, str]]:
    return [
        (kind.kind, step.name, field)
        for kind in TYPES.values()
        for step in kind.steps
        for field in step.schema.model_fields
    ]


def test_every_step_with_fields_is_tried() -> None:
    assert {step for _, step, _ in cases()} == set(RIGHT)
    assert len(cases()) >= 15


@pytest.mark.parametrize(("kind", "step", "field"), cases())
def test_a_field(
    kind: str, step: str, field: str, things: Things, admin: User, corpus: Corpus
) -> None:
    host = ssh_host("pending", state=Host.State.SETUP_PENDING)
    row = Wizard.objects.create(
        kind=kind, owner=admin, step=step, host=host, state={"connection": CONNECTION}
    )
    world, url = World(logged_in(admin)), f"/api/wizards/{row.pk}"
    for value in corpus.page_share(len(field)):
        if len(value.text) > 100_000:
            continue
        body = json.dumps({**RIGHT[step], field: value.text})
        with world.asked("post", f"{url}/step", body) as answer:
            told(answer)
            if answer.status_code < 400 and value.number % 2:
                for move in MOVES:
                    with world.asked("post", f"{url}/{move}", "{}") as after:
                        told(after)
