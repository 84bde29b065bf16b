"""Every parameter of every verb with every hostile value: whole in one argument, or refused."""

from __future__ import annotations

from typing import Any, Final, get_args, get_origin

import pytest
from pydantic import BaseModel

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_image
from provisioning.engine.errors import EngineError
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb, VerbError
from provisioning.site_templates.models import SiteTemplate
from sites.models import Container, Domain, Host, Site
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.test_new_container import IMAGE as FRESH_IMAGE
from tests.hostile.test_new_container import TOGETHER
from tests.hostile.world import taken_back
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.siteflow.permission_table import IMAGE, PRUNE, TEMPLATE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
RIGHT: Final[dict[str, dict[str, Any]]] = {
    "host.add": {"name": "new", "address": "192.0.2.1", "username": "a", "auth": "generate"},
    "container.create": {"name": "fresh", "image": FRESH_IMAGE, "networks": ["none"]},
    "host.restart-service": {"service": "x.service"},
    "template.create": {**TEMPLATE, "name": "fitting"},
    "template.edit": TEMPLATE,
    "domain.add": {"name": "new.example.com"},
    "domain.set-password": {"username": "carol", "password": "right"},
    "domain.remove-password": {"username": "carol"},
    "image.pull": IMAGE,
    "image.tag": {**IMAGE, "new_name": "web:2"},
    "image.remove": IMAGE,
    "image.prune": PRUNE,
    "volume.create": {"name": "data"},
    "network.create": {"name": "back"},
}


def cases() -> list[tuple[str, str]]:
    """But for those that are looked at many values at a time, in `test_new_container`."""
    every = [(kind, name) for kind, verb in VERBS.items() for name in verb.params.model_fields]
    return [(kind, name) for kind, name in every if (kind, name) not in TOGETHER]


def as_type(params: type[BaseModel], name: str, text: str) -> Any:
    annotation = params.model_fields[name].annotation
    if dict in {get_origin(annotation), annotation}:
        return {text: text, "name": text}
    several = list in {get_origin(annotation), *map(get_origin, get_args(annotation))}
    return [text] if several else text


def target_of(verb: Verb, host: Host) -> Any:
    if verb.target is Container:
        return make_container(host, "shop-web-1", docker_id=b"shop-web-1".hex().ljust(64, "0"))
    if verb.target is Site:
        return Site.objects.create(host=host, project="shop", name="shop")
    if verb.target is SiteTemplate:
        made = SiteTemplate.objects.create(slug="plain")
        made.versions.create(number=1, **TEMPLATE)
        return made
    if verb.target is Domain:
        site = Site.objects.create(host=host, project="shop", name="shop")
        return Domain.objects.create(host=host, site=site, name="shop.example.com")
    return host if verb.target is Host else None


@pytest.mark.parametrize(("kind", "name"), cases())
def test_a_parameter(
    kind: str, name: str, fake: FakeHost, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    # No proxy comes up on a host in memory: nobody has to wait for it.
    monkeypatch.setattr("provisioning.operations.proxies._START_S", 0)
    monkeypatch.setattr("provisioning.operations.container_create.STEADY_S", 0)
    fake.images[FRESH_IMAGE] = fake_image(FRESH_IMAGE)
    verb = VERBS[kind]
    target = target_of(verb, make_host())
    taken = []
    for value in corpus.values:
        params = {**RIGHT.get(kind, {}), name: as_type(verb.params, name, value.text)}
        fake.containers.pop("fresh", None)
        with taken_back():
            try:
                typed = params[verb.typed] if verb.typed else str(target)
                row = engine.start(kind, target, actor=COMMAND, params=params, confirm_name=typed)
            except (EngineError, VerbError) as error:
                assert error.message and error.status < 500
                continue
            taken.append(value.text)
            assert encodable(str(row.params)) and "\0" not in str(row.params)
            if not verb.inline and not verb.finds_own_way:
                engine.run(row.pk)
    # Whole, and of an image with the tag that is meant where none was said.
    whole = {*taken, *(f"{text}:latest" for text in taken)}
    for argv in fake.ran:
        for text in taken:
            if len(text) > 3 and not text.isdecimal():  # a number is one, wherever it stands
                assert all(word in whole or text not in word for word in argv), (text, argv)
