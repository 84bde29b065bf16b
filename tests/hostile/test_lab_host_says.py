"""From a real host: labels and lines of a log full of hostile values are kept and shown exactly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from provisioning.drivers import pool
from provisioning.drivers.hostile import storable
from sites.models import Container
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.test_lab_values import added, ran_there, tried
from tests.hostile.world import told
from tests.lab import Lab
from tests.lab.images import BUSYBOX
from tests.people import logged_in

pytestmark = [pytest.mark.lab, pytest.mark.django_db]
MAX_CHARS = 2_000
AT_ONCE = 60  # labels of one container


@pytest.fixture(autouse=True)
def _no_connection_is_kept() -> Iterator[None]:
    yield
    pool.close_all()


def sayable(corpus: Corpus) -> list[str]:
    """What an argument of a command can carry."""
    texts = [text for text in corpus.texts if encodable(text) and "\0" not in text]
    return [text for text in texts if 0 < len(text) <= MAX_CHARS]


def test_labels_of_containers(lab: Lab, admin: User, corpus: Corpus) -> None:
    texts = sayable(corpus)
    assert len(texts) >= corpus.enough
    made = []
    try:
        for first in range(0, len(texts), AT_ONCE):
            labels = [f"--label=v{n}={text}" for n, text in enumerate(texts[first:][:AT_ONCE])]
            name = f"hostile-{first}"
            lab.web1.docker("create", "--name", name, *labels, BUSYBOX, "true")
            made.append(name)
        tried("host.refresh", added(lab.web1))
        client = logged_in(admin)
        found: list[str] = []
        for name in made:
            row = Container.objects.get(name=name)
            shown = told(client.get(f"/api/containers/{row.pk}"))["labels"]
            found += [shown[f"v{n}"] for n in range(min(AT_ONCE, len(texts) - len(found)))]
            assert client.get(f"/admin/sites/container/{row.pk}/change/").status_code == 200
    finally:
        lab.web1.docker("rm", "-f", *made)
    assert found == [storable(text, limit=MAX_CHARS) for text in texts]
    assert ran_there(lab, corpus) == []


def test_lines_of_a_log(lab: Lab, admin: User, corpus: Corpus) -> None:
    texts = [text for text in sayable(corpus) if "\n" not in text]
    lab.web1.docker("run", "-d", "--name", "hostile-log", BUSYBOX, "printf", "%s\\n", *texts)
    try:
        lab.web1.docker("wait", "hostile-log")
        tried("host.refresh", added(lab.web1))
        row = Container.objects.get(name="hostile-log")
        shown = told(logged_in(admin).get(f"/api/containers/{row.pk}/logs", {"tail": 10_000}))
    finally:
        lab.web1.docker("rm", "-f", "hostile-log")
    expected = [storable(text.removesuffix("\r"), limit=MAX_CHARS) for text in texts]
    assert shown["lines"] == expected
    assert len(texts) >= corpus.enough
    assert ran_there(lab, corpus) == []
