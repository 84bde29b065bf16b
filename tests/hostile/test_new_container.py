"""Free texts of a new container, many at a time: each arrives as it is, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import ValidationError

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_image
from provisioning.new_container.asked import NewContainer
from sites.models import Host
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.world import taken_back
from tests.provisioning.rows import COMMAND, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
IMAGE: Final = "nginx:1.28"
RIGHT: Final[dict[str, Any]] = {"name": "fresh", "image": IMAGE, "networks": ["none"]}
AS_LISTS: Final = ("command", "entrypoint")
AS_VALUES: Final = ("environment", "labels")
TOGETHER: Final = {("container.create", name) for name in (*AS_LISTS, *AS_VALUES)}
AT_ONCE: Final = 50


@pytest.fixture
def host(fake: FakeHost, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.operations.container_create.STEADY_S", 0)
    fake.images[IMAGE] = fake_image(IMAGE)
    return make_host()


def is_taken(**given: Any) -> bool:
    try:
        NewContainer.model_validate({**RIGHT, **given})
    except ValidationError:
        return False
    return True


def groups(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), AT_ONCE):
        yield texts[start : start + AT_ONCE]


def made_with(fake: FakeHost, host: Host, **given: Any) -> dict[str, Any]:
    """The body that Docker got; nothing of it is in any argument."""
    fake.containers.pop("fresh", None)
    with taken_back():
        row = engine.start("container.create", host, actor=COMMAND, params={**RIGHT, **given})
        engine.run(row.pk)
        row.refresh_from_db()
        assert row.status == "succeeded", row.message
        assert encodable(str(row.params)) and "\0" not in str(row.params)
    for name, texts in given.items():
        found = [one for one in texts if len(one) > 8]
        assert not [argv for argv in fake.ran for one in found if one in argv], name
    return fake.configs[fake.containers["fresh"].docker_id]


@pytest.mark.parametrize("name", AS_LISTS)
def test_words_of_a_command(name: str, host: Host, fake: FakeHost, corpus: Corpus) -> None:
    taken = [one.text for one in corpus.values if is_taken(**{name: [one.text]})]
    assert len(taken) > len(corpus.values) // 2
    for texts in groups(taken):
        assert (
            made_with(fake, host, **{name: texts})["Cmd" if name == "command" else "Entrypoint"]
            == texts
        )


@pytest.mark.parametrize("name", AS_VALUES)
def test_values(name: str, host: Host, fake: FakeHost, corpus: Corpus) -> None:
    taken = [one.text for one in corpus.values if is_taken(**{name: {"A": one.text}})]
    assert len(taken) > len(corpus.values) // 2
    for texts in groups(taken):
        given = {f"N{number}": text for number, text in enumerate(texts)}
        assert of(made_with(fake, host, **{name: given}), name).items() >= given.items()


@pytest.mark.parametrize("name", AS_VALUES)
def test_names(name: str, host: Host, fake: FakeHost, corpus: Corpus) -> None:
    taken = [one.text for one in corpus.values if is_taken(**{name: {one.text: "x"}})]
    assert taken
    for texts in groups(taken):
        given = dict.fromkeys(texts, "x")
        assert of(made_with(fake, host, **{name: given}), name).items() >= given.items()


def of(config: dict[str, Any], name: str) -> dict[str, str]:
    if name == "labels":
        labels: dict[str, str] = config["Labels"]
        return labels
    return dict(one.split("=", 1) for one in config["Env"])
