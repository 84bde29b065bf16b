"""On real hosts: the worst values into every field of a host, legal odd ones byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib.auth.models import User

from provisioning import engine
from provisioning.drivers import pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.pool import host_driver
from provisioning.models import Operation
from provisioning.targets import target_of
from sites.models import Container, Host
from tests.hostile.corpus import Corpus, encodable
from tests.hostile.legal import LONG, SECRETS
from tests.hostile.world import told
from tests.lab import Lab
from tests.people import logged_in
from tests.provisioning.rows import COMMAND

pytestmark = [pytest.mark.lab, pytest.mark.django_db]
# sshd and chpasswd speak in lines, and crypt(3) takes 512 bytes.
PASSWORDS: Final = [*(one for one in SECRETS if one.isprintable() and one != LONG), LONG[:500]]
WORST: Final = ("shell", "options", "paths", "templates")
SLOW_TO_REFUSE: Final = 6  # a wrong password takes sshd two seconds


@pytest.fixture(autouse=True)
def _no_connection_is_kept() -> Iterator[None]:
    yield
    pool.close_all()


def added(lab_host: Any, **values: Any) -> Host:
    given = {
        "name": "it", "address": lab_host.address, "port": lab_host.port,
        "username": lab_host.user, "auth": "key", "private_key": lab_host.private_key, **values,
    }  # fmt: skip
    row = engine.start("host.add", actor=COMMAND, params=given)
    Host.objects.update(host_key=lab_host.host_public_key, state="reachable")
    return Host.objects.get(pk=row.result["host"])


def ran_there(lab: Lab, corpus: Corpus) -> list[str]:
    """Canaries on the hosts and in their containers; those on this machine are the fixture's."""
    name = corpus.stem.rpartition("/")[2]
    found = []
    for host in (lab.web1, lab.web2):
        found += [one for one in host.run("ls", "-a", "/tmp").stdout.split() if name in one]
        for container in host.docker("ps", "-q").split():
            files = host.run("docker", "exec", container, "ls", "-a", "/tmp", check=False).stdout
            found += [one for one in files.split() if name in one]
    return found


def test_a_password_arrives_byte_for_byte(lab: Lab, admin: User) -> None:
    """Set on the host by standard input, given over the API, and used for a real login."""
    user = lab.web2.password_user or ""
    login = {"username": user, "auth": "password", "password": "x", "private_key": None}
    host = added(lab.web2, **login)
    client, refused = logged_in(admin), []
    try:
        for password in PASSWORDS:
            lab.web2.run("chpasswd", stdin=f"{user}:{password}\n")
            body = json.dumps({"auth": "password", "password": password})
            told(client.patch(f"/api/hosts/{host.pk}", body, "application/json"))
            host = Host.objects.get(pk=host.pk)
            try:
                assert host_driver(target_of(host)).run(("id", "-un")).stdout.strip() == user
            except DriverError as error:
                refused.append((password, error.code))
    finally:
        lab.web2.run("chpasswd", stdin=f"{user}:{lab.web2.password}\n")
    assert len(PASSWORDS) >= 60
    assert refused == []


def test_the_worst_values_in_every_field_of_a_host(lab: Lab, admin: User, corpus: Corpus) -> None:
    client, host = logged_in(admin), added(lab.web1)
    fields = ("address", "username", "docker_socket", "name")
    values = [value.text for value in corpus.of(*WORST) if encodable(value.text)][::3]
    assert len(values) >= corpus.at_least(40)
    for text in values:
        for field in fields:
            answer = client.patch(
                f"/api/hosts/{host.pk}", json.dumps({field: text}), "application/json"
            )
            assert answer.status_code in (200, 400, 422), (field, text)
            if answer.status_code == 200:
                tried("host.test", host)
                engine.start("host.change", host, actor=COMMAND, params=way_to(lab.web1))
    for text in values[:SLOW_TO_REFUSE]:
        engine.start("host.change", host, actor=COMMAND,
                     params={"auth": "password", "password": text})  # fmt: skip
        Host.objects.update(host_key=lab.web1.host_public_key)
        assert tried("host.test", host).error_code == "login_refused"
    assert ran_there(lab, corpus) == []


def way_to(lab_host: Any) -> dict[str, Any]:
    return {"name": "it", "address": lab_host.address, "username": lab_host.user,
            "docker_socket": "/var/run/docker.sock"}  # fmt: skip


def tried(kind: str, target: Any, **params: Any) -> Operation:
    row = engine.start(kind, target, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


def test_the_worst_values_in_every_parameter(lab: Lab, admin: User, corpus: Corpus) -> None:
    """Services, signals, comments of keys, fingerprints, tags, words to search a log for."""
    client, host = logged_in(admin), added(lab.web1)
    tried("host.refresh", host)
    container = Container.objects.filter(state="running").first()
    assert container is not None
    asked = {
        f"/api/hosts/{host.pk}/restart-service": "service",
        f"/api/hosts/{host.pk}/approve-key": "fingerprint",
        "/api/hosts/generate-key": "comment",
        f"/api/containers/{container.pk}/kill": "signal",
        f"/api/containers/{container.pk}/remove": "confirm_name",
    }
    values = [value.text for value in corpus.of(*WORST) if encodable(value.text)][::4]
    assert len(values) >= corpus.at_least(40)
    for text in values:
        for url, field in asked.items():
            body = told(client.post(url, {field: text}, "application/json"))
            if "id" in body:
                engine.run(body["id"])
        found = told(client.get(f"/api/containers/{container.pk}/logs", {"search": text}))
        assert found["lines"] == [line for line in found["lines"] if text.lower() in line.lower()]
    assert Container.objects.filter(pk=container.pk).exists()
    assert ran_there(lab, corpus) == []
