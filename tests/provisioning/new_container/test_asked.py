"""What is refused when it is asked for, at its field; and that secrets are told to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.engine import EngineError
from provisioning.models import Operation, OutputLine, SealedParams, Step
from provisioning.operations.contract import VerbError
from sites.models import Site
from tests.provisioning.new_container.making import FOLDER, ask, create, fake
from tests.provisioning.rows import COMMAND, make_host

__all__ = ["fake"]
pytestmark = pytest.mark.django_db
SECRET = "s3cr3t-Marker-ü"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "-x"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "siteflow"}, "name"),
        ({"image": "nginx"}, "image"),
        ({"image": "nginx:latest"}, "image"),
        ({"image": "not an image"}, "image"),
        ({"privileged": True}, "privileged"),
        ({"cap_add": ["SYS_ADMIN"]}, "cap_add"),
        ({"devices": ["/dev/kvm"]}, "devices"),
        ({"networks": ["host"]}, "networks"),
        ({"networks": ["bridge"]}, "networks"),
        ({"networks": ["container:shop"]}, "networks"),
        ({"volumes": ["/:/host"]}, "volumes.0"),
        ({"volumes": ["/var/run/docker.sock:/s"]}, "volumes.0"),
        ({"volumes": ["/etc:/etc:ro"]}, "volumes.0"),
        ({"volumes": [f"{FOLDER}/../shop/data:/d"]}, "volumes.0"),
        ({"volumes": [f"{FOLDER}:/d"]}, "volumes.0"),
        ({"volumes": ["data"]}, "volumes.0"),
        ({"volumes": ["blog_data:data"]}, "volumes.0"),
        ({"ports": ["0.0.0.0:5432:5432"]}, "ports.0"),
        ({"ports": ["70000"]}, "ports.0.container"),
        ({"ports": ["x"]}, "ports.0"),
        ({"ports": [{"container": 80, "address": "nowhere"}]}, "ports.0"),
        ({"labels": {"com.docker.compose.project": "shop"}}, "labels"),
        ({"labels": {"siteflow.made-by": "1"}}, "labels"),
        ({"memory_bytes": 1000}, "memory_bytes"),
        ({"cpus": 0}, "cpus"),
        ({"pids": 0}, "pids"),
        ({"restart": "sometimes"}, "restart"),
        ({"environment": {"A B": "x"}}, ""),
        ({"environment": {"A": "x\ud800"}}, "environment.A"),
        ({"environment": {"A": "x\0"}}, "environment.A"),
        ({"command": ["a\0"]}, "command.0"),
        ({"pid": "host"}, "pid"),
        ({"runtime": "x"}, "runtime"),
    ],
    ids=str,
)
def test_what_no_container_may_be_is_refused_at_its_field(
    given: dict[str, Any], field: str, fake: FakeHost
) -> None:
    with pytest.raises((EngineError, VerbError)) as caught:
        ask(**given)
    error: Any = caught.value
    assert (error.field, error.status) in {(field, 422), (field, 409)}, error.message
    assert not Operation.objects.exists() and not fake.ran
    assert Entry.objects.get().status == "refused"


def test_the_name_of_a_site_is_the_site_s(fake: FakeHost) -> None:
    row = make_host(sites_root="/srv/sites")
    Site.objects.create(host=row, project="blog", name="blog")
    with pytest.raises(VerbError, match="There is a site blog"):
        ask(row)


def everything_kept() -> str:
    """All of the database that anybody reads, as text."""
    rows = [
        *Operation.objects.values(), *Entry.objects.values(), *Step.objects.values(),
        *OutputLine.objects.values(), *SealedParams.objects.values(),
    ]  # fmt: skip
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_values_of_the_environment_are_nowhere_but_in_the_container(
    fake: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {
        "environment": {"TITLE": SECRET, "PATH": SECRET},
        "command": ["serve", "--password", SECRET, f"--token={SECRET}"],
        "labels": {"api_key": SECRET},
    }
    row = ask(**given)
    assert SECRET not in everything_kept()
    assert row.params["environment"] == ["PATH", "TITLE"]
    assert row.params["command"] == ["serve", "--password", "•••", "--token=•••"]
    assert SealedParams.objects.count() == 1
    engine.run(row.pk)
    assert SECRET not in everything_kept() + caplog.text
    assert not SealedParams.objects.exists()
    assert all(SECRET not in word for argv in fake.ran for word in argv)
    made = fake.configs[fake.containers["blog"].docker_id]
    assert f"TITLE={SECRET}" in made["Env"] and SECRET in made["Cmd"]


def test_a_refusal_does_not_repeat_what_was_typed(fake: FakeHost) -> None:
    given: dict[str, Any] = {"environment": {"A": SECRET + "\0"}, "volumes": [SECRET]}
    for name, value in given.items():
        with pytest.raises(EngineError) as caught:
            ask(**{name: value})
        assert SECRET not in str(caught.value) + caught.value.message
    assert SECRET not in everything_kept()


def test_the_same_again_joins_and_another_secret_does_not(fake: FakeHost) -> None:
    first = ask(environment={"A": "1"})
    assert ask(environment={"A": "1"}).pk == first.pk
    with pytest.raises(EngineError) as caught:
        ask(environment={"A": "2"})
    assert getattr(caught.value, "code", "") == "busy"


def test_the_same_key_with_another_secret_is_another_request(fake: FakeHost) -> None:
    row = make_host(sites_root="/srv/sites")
    params = {"name": "blog", "image": "nginx:1.28", "environment": {"A": "1"}}
    same = {"actor": COMMAND, "idempotency_key": "k"}
    first = engine.start("container.create", row, params=params, **same)  # type: ignore[arg-type]
    engine.run(first.pk)
    again = engine.start("container.create", row, params=params, **same)  # type: ignore[arg-type]
    assert again.pk == first.pk
    params["environment"] = {"A": "2"}
    with pytest.raises(EngineError):
        engine.start("container.create", row, params=params, **same)  # type: ignore[arg-type]


def test_what_has_ended_is_not_repeated_as_its_secrets_are_gone(fake: FakeHost) -> None:
    row = create(environment={"A": "1"})
    with pytest.raises(EngineError, match="ask anew"):
        engine.retry(row, actor=COMMAND)


def test_a_cancelled_one_keeps_nothing(fake: FakeHost) -> None:
    row = ask(environment={"A": "1"})
    engine.cancel(row, actor=COMMAND)
    assert not SealedParams.objects.exists()


def test_one_whose_secrets_cannot_be_read_changes_nothing(fake: FakeHost) -> None:
    row = ask(environment={"A": "1"})
    SealedParams.objects.update(encrypted="gAAAA-of-another-installation")
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "cannot_decrypt")
    assert not fake.ran
