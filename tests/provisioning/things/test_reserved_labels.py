"""What is refused as a label in a compose file is refused by hand, and the other way round."""

from __future__ import annotations

from typing import Final

import pytest

from provisioning.drivers import compose_lint
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.reserved_labels import RESERVED
from provisioning.engine.errors import EngineError
from provisioning.operations.contract import VerbError
from sites.models import Host
from tests.provisioning.drivers.lint_corpus import FOLDER, web
from tests.provisioning.new_container.making import MINIMAL
from tests.provisioning.things.on_host import start

pytestmark = pytest.mark.django_db

WAYS: Final = (
    "services",
    "volumes",
    "networks",
    "volume.create",
    "network.create",
    "container.create",
)
MIXED: Final = ("com.docker.compose.project", "com.docker.desktop.extension", "SiteFlow.made-by")
TAKEN: Final = (*(f"{each}x" for each in RESERVED), *MIXED)
FREE: Final = ("owner", "com.example.owner", "com.dockerish.x", "my.siteflow.x", "siteflow")


def refuses(way: str, label: str, row: Host) -> bool:
    if "." not in way:  # a part of a compose file
        model = web(labels={label: "x"}) if way == "services" else {
            **web(), way: {"data": {"name": "shop_data", "labels": {label: "x"}}}}  # fmt: skip
        return bool(compose_lint.problems(model, folder=FOLDER, project="shop"))
    given = {**MINIMAL, "labels": {label: "x"}} if way == "container.create" else {
        "name": "data", "labels": [f"{label}=x"]}  # fmt: skip
    try:
        start(row, way, **given)
    except (EngineError, VerbError) as error:
        assert error.field == "labels"
        return True
    return False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", TAKEN)
def test_a_label_that_says_whose_it_is_is_refused(
    way: str, label: str, row: Host, fake: FakeHost
) -> None:
    assert refuses(way, label, row)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", FREE)
def test_any_other_label_is_taken(way: str, label: str, row: Host, fake: FakeHost) -> None:
    assert not refuses(way, label, row)
