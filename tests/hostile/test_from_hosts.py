"""A host that says hostile things everywhere: kept exactly, shown as text, never acted upon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from provisioning import engine, inventory
from provisioning.drivers import parse_things, systemd
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.hostile import storable
from provisioning.drivers.parse_container import MAX_LABEL_CHARS, MAX_NAME, from_inspect
from sites.models import Container, Host, Site
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.markup import Page
from tests.hostile.world import told
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
LISTS = ("sites/container/", "sites/site/", "sites/host/", "provisioning/operation/", "")


def said(number: int, text: str) -> Any:
    """What Docker would answer about a container for which all is this text."""
    labels = {text[:500]: text, "com.docker.compose.project": text,
              "com.docker.compose.service": text}  # fmt: skip
    return from_inspect(
        {
            "Id": f"{number:064x}",
            "Name": f"/{text}",
            "Created": text,
            "Image": text,
            "Config": {"Image": text, "Labels": labels},
            "State": {"Status": "running", "StartedAt": text, "Health": {"Status": text}},
            "NetworkSettings": {"Ports": {text: [{"HostIp": text, "HostPort": text}]}},
        }
    )


@pytest.fixture
def told_by_host(corpus: Corpus) -> list[str]:
    """A host with a container for each value; a name cannot be empty."""
    host, now = make_host(), timezone.now()
    texts = [value.text for value in corpus.core if storable(value.text, limit=MAX_NAME)]
    inventory.apply_all(host, [said(n, text) for n, text in enumerate(texts)], at=now)
    Host.objects.update(inventory_at=now)
    return texts


def test_json_has_them_exactly(told_by_host: list[str], corpus: Corpus, admin: User) -> None:
    client = logged_in(admin)
    assert len(told_by_host) >= corpus.enough
    shown = {
        item["id"]: item for item in told(client.get("/api/containers?page_size=500"))["items"]
    }
    rows = {int(row.docker_id, 16): row.pk for row in Container.objects.all()}
    for number, text in enumerate(told_by_host):
        item = shown[rows[number]]
        name = storable(text, limit=MAX_NAME + 1)[:MAX_NAME]
        assert item["name"] in (name, storable(f"/{text}", limit=MAX_NAME + 1)[1:])
        assert item["image"] == storable(text, limit=MAX_NAME)
    for number in range(0, len(told_by_host), 10):
        labels = told(client.get(f"/api/containers/{rows[number]}"))["labels"]
        text = told_by_host[number]
        assert storable(text, limit=MAX_LABEL_CHARS) in labels.values()


def test_pages_show_them_as_text(told_by_host: list[str], admin: User) -> None:
    client, seen = logged_in(admin), list[str]()
    plain = {path: pages_of(client, path) for path in LISTS}
    assert all(not page.bad for pages in plain.values() for page in pages)
    tags = {tag for pages in plain.values() for page in pages for tag in page.tags}
    assert not tags & {"iframe", "object", "embed", "base", "math", "marquee", "video", "style"}
    for page in plain["sites/container/"]:
        seen += page.texts
    everything = "\n".join(" ".join(text.split()) for text in seen)
    for row in Container.objects.exclude(name=""):
        assert " ".join(row.name.split()) in everything


def pages_of(client: Client, path: str) -> list[Page]:
    pages = []
    for number in range(1, 9):
        answer = client.get(f"/admin/{path}?p={number}")
        if answer.status_code != 200:
            break
        pages.append(Page(answer.content.decode()))
    return pages


def test_the_page_of_each_container_and_site(told_by_host: list[str], admin: User) -> None:
    client = logged_in(admin)
    assert Site.objects.count() >= len(told_by_host) // 2
    for kind, rows in (("container", Container), ("site", Site)):
        for key in rows._default_manager.values_list("pk", flat=True)[::4]:
            answer = client.get(f"/admin/sites/{kind}/{key}/change/")
            assert answer.status_code == 200
            assert Page(answer.content.decode()).bad == []


def test_each_verb_names_what_it_acts_on_by_docker_s_id(
    told_by_host: list[str], fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name of a host's choice is ever part of a call."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    states = [said(number, text) for number, text in enumerate(told_by_host)]
    fake.containers = {state.name: state for state in states}
    for row in Container.objects.all()[::5]:
        operation = engine.start("container.stop", row, actor=COMMAND, params={"grace_s": 1})
        engine.run(operation.pk)
    known = {"1", *(state.docker_id for state in states)}
    words = {word for call in fake.ran for word in call[2:]}
    assert words <= known and len(fake.ran) >= len(told_by_host) // 5


def test_facts_and_services(admin: User, fake: FakeHost, corpus: Corpus,
                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Its name, its system, its units: what does not fit is left out, what fits is one line."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    host, client = make_host(), logged_in(admin)
    for value in corpus.core:
        if not encodable(value.text):
            continue
        text = value.text[:20_000]
        units = f"{text} loaded active running {text}\nx.service loaded active running {text}\n"
        fake.answer("uname", stdout=f"Linux {text} {text} x86_64")
        fake.answer("cat", stdout=f'NAME="{text}"\nPRETTY_NAME={text}\nMemTotal: {text} kB\n{text}')
        fake.answer("head", stdout=f'NAME="{text}"\nPRETTY_NAME={text}\n{text}')
        fake.answer(*systemd.list_argv(), stdout=units)
        fake.answer("df", stdout=f"Filesystem {text}\n{text} 1 2 3 4% {text}\n")
        fake.answer("docker", stdout=text, stderr=text)
        row = engine.start("host.refresh", host, actor=COMMAND)
        engine.run(row.pk)
        row.refresh_from_db()
        assert row.status == "succeeded", (value, row.message)
    host.refresh_from_db()
    for kept in (*host.facts.values(), *(one["description"] for one in host.services)):
        assert not isinstance(kept, str) or len(kept.splitlines()) <= 1
    for tab in ("", "?tab=services", "?tab=containers"):
        answer = client.get(f"/admin/sites/host/{host.pk}/change/{tab}")
        assert Page(answer.content.decode()).bad == []
    json.dumps(told(client.get(f"/api/hosts/{host.pk}/facts")))


def test_images_volumes_and_networks(
    admin: User, fake: FakeHost, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and labels of a host's choice are told as they are, and are text on every page."""
    monkeypatch.setattr("provisioning.things.asking.host_driver", lambda target: fake)
    host, client = make_host(), logged_in(admin)
    texts = [value.text for value in corpus.core if storable(value.text, limit=MAX_NAME)]
    for number, text in enumerate(texts):
        labels, key = {text[:200]: text}, f"{number:064x}"
        image: Any = {"Id": f"sha256:{key}", "RepoTags": [text], "RepoDigests": [text],
                      "Labels": labels, "Created": text, "Size": text}  # fmt: skip
        volume = {"Name": text, "Driver": text, "Labels": labels, "Mountpoint": text,
                  "Options": {"type": text, "device": text, "o": "hidden-option"}}  # fmt: skip
        network = {"Id": key, "Name": text, "Driver": text, "Labels": labels, "Created": text}
        fake.images[key] = parse_things.image(image)
        fake.volumes[key] = parse_things.volume(volume)
        fake.networks[key] = parse_things.network(network)
    for what in ("images", "volumes", "networks"):
        page = told(client.get(f"/api/hosts/{host.pk}/{what}?page_size=500"))
        assert page["total"] == len(texts)
        assert "hidden-option" not in json.dumps(page)
        whole = client.get(f"/admin/sites/host/{host.pk}/change/?tab={what}").content.decode()
        assert Page(whole).bad == []
        for text in filter(encodable, texts[::7]):
            where = f"/admin/sites/host/{host.pk}/change/"
            found = client.get(where, {"tab": what, "search": text[:100]})
            assert Page(found.content.decode()).bad == []
    for text in filter(encodable, texts[::7]):
        asked = client.get(f"/admin/sites/host/{host.pk}/do/volume.remove/", {"name": text[:200]})
        assert Page(asked.content.decode()).bad == []
    plan = client.get(f"/admin/sites/host/{host.pk}/do/image.prune/?all=1")
    assert Page(plan.content.decode()).bad == []
