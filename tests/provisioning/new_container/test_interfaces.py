"""Making, inspecting and limiting a container over HTTP, by command and on its pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.models import Operation
from sites.models import Container, Host
from tests.people import logged_in
from tests.provisioning.new_container.making import FOLDER, IMAGE, MINIMAL, fake
from tests.provisioning.rows import make_container, make_host

__all__ = ["fake"]
pytestmark = pytest.mark.django_db
SECRET = "s3cr3t-Marker"
ADD = "/admin/sites/container/add/"
FORM: dict[str, Any] = {
    "name": "blog", "image": IMAGE, "pull": "never", "command": "nginx\r\n-g\r\ndaemon off;",
    "entrypoint": "", "environment": f"TITLE={SECRET}\r\nTEXT='two\r\nlines'", "ports": "8080:80",
    "volumes": "blog_data:/data:ro", "networks": "", "memory": "64m", "cpus": "0.5", "pids": "",
    "restart": "always", "labels": "owner=web=team", "start": "on",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def host(fake: FakeHost) -> Host:
    return make_host(sites_root="/srv/sites")


@pytest.fixture
def web(fake: FakeHost, host: Host) -> Container:
    seen = fake.containers["web"] = fake_container("web")
    fake.configs[seen.docker_id] = {
        "Env": [f"TITLE={SECRET}", "PATH=/bin"],
        "Cmd": ["<script>alert(1)</script>", "--password", SECRET],
        "HostConfig": {"Memory": 64 * 2**20, "NanoCpus": 500_000_000, "PidsLimit": 100},
    }
    return make_container(host, "web", docker_id=seen.docker_id)


def sent(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


# -- HTTP ----------------------------------------------------------------------------------------


def test_over_http_a_container_is_an_operation(admin: User, host: Host, fake: FakeHost) -> None:
    client = logged_in(admin)
    body = {**MINIMAL, "host": host.name, "environment": {"A": SECRET}}
    planned = sent(client, "/api/containers/plan", body)
    assert [one["what"] for one in planned.json()["changes"]] == ["image", "network", "container"]
    assert SECRET not in planned.content.decode() and not Operation.objects.exists()
    answer = sent(client, "/api/containers", body)
    assert answer.status_code == 202
    assert answer.json()["params"]["environment"] == ["A"]
    assert SECRET not in answer.content.decode()
    engine.run(answer.json()["id"])
    assert "blog" in fake.containers


def test_the_same_below_its_host_and_as_an_operation(admin: User, host: Host) -> None:
    client = logged_in(admin)
    first = sent(client, f"/api/hosts/{host.pk}/container-create", MINIMAL)
    again = {"kind": "container.create", "target_id": host.pk, "params": MINIMAL}
    second = sent(client, "/api/operations", again)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"privileged": True}, "privileged"),
        ({"volumes": ["/etc:/etc"]}, "volumes.0"),
        ({"networks": ["host"]}, "networks"),
        ({"volumes": [SECRET]}, "volumes.0"),
    ],
    ids=str,
)
def test_a_refusal_over_http_names_the_field_and_repeats_no_secret(
    given: dict[str, Any], field: str, admin: User, host: Host, fake: FakeHost
) -> None:
    answer = sent(logged_in(admin), "/api/containers", {**MINIMAL, "host": host.pk, **given})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"].endswith(field)
    assert SECRET not in answer.content.decode()
    assert not fake.ran and not Operation.objects.exists()


def test_who_only_operates_makes_no_container(alice: User, host: Host) -> None:
    answer = sent(logged_in(alice), "/api/containers", {**MINIMAL, "host": host.pk})
    assert answer.status_code == 403
    assert sent(logged_in(alice), "/api/containers/plan", MINIMAL).status_code in (403, 422)


def test_inspect_over_http_is_of_now_and_masked(bob: User, web: Container) -> None:
    answer = logged_in(bob).get(f"/api/containers/{web.pk}/inspect")
    told = answer.json()
    assert told["inspect"]["Config"]["Env"] == ["TITLE=•••", "PATH=/bin"]
    assert told["inspect"]["Config"]["Cmd"][1:] == ["--password", "•••"]
    assert told["limits"]["memory_bytes"] == 64 * 2**20
    assert (told["source"], told["container"]) == ("docker inspect on web1", web.pk)
    assert SECRET not in answer.content.decode()


def test_a_host_that_does_not_answer_says_so(
    bob: User, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(target: object) -> None:
        raise DriverError("web1 does not answer.", "unreachable")

    monkeypatch.setattr("provisioning.inspecting.host_driver", gone)
    client = logged_in(bob)
    assert client.get(f"/api/containers/{web.pk}/inspect").status_code == 503
    for tab in ("limits", "inspect"):
        page = client.get(f"/admin/sites/container/{web.pk}/change/", {"tab": tab})
        assert "web1 does not answer." in page.content.decode()


# -- the console ---------------------------------------------------------------------------------


def test_from_the_form_to_the_plan_to_the_container(
    admin: User, host: Host, fake: FakeHost
) -> None:
    client = logged_in(admin)
    assert f'value="{host.pk}" selected' in client.get(ADD, {"host": host.pk}).content.decode()
    planned = client.post(ADD, {**FORM, "host": host.pk})
    plan = planned.context["plan"]
    assert not plan.blocking and not Operation.objects.exists()
    assert [one.name for one in plan.to_do] == ["blog_data", "blog_default", "blog"]
    made = client.post(ADD, {**FORM, "host": host.pk, "do": "create", "plan_digest": plan.digest})
    operation = Operation.objects.get()
    assert made.status_code == 302 and f"operation/{operation.pk}/" in made["Location"]
    engine.run(operation.pk)
    config = fake.configs[fake.containers["blog"].docker_id]
    assert config["Cmd"] == ["nginx", "-g", "daemon off;"]
    assert config["Env"] == [f"TITLE={SECRET}", "TEXT=two\nlines"]
    assert config["Labels"]["owner"] == "web=team"
    assert config["HostConfig"]["Memory"] == 64 * 2**20
    assert SECRET not in json.dumps(list(Entry.objects.values()), default=str)


def test_nothing_is_made_without_the_plan_that_was_seen(
    admin: User, host: Host, fake: FakeHost
) -> None:
    client = logged_in(admin)
    plan = client.post(ADD, {**FORM, "host": host.pk}).context["plan"]
    changed = {**FORM, "host": host.pk, "memory": "65m", "do": "create"}
    for given in ({}, {"plan_digest": plan.digest}):
        answer = client.post(ADD, {**changed, **given})
        assert "Nothing was done:" in answer.content.decode()
    fake.containers["blog"] = fake_container("blog")
    same = {**FORM, "host": host.pk, "do": "create", "plan_digest": plan.digest}
    assert "There is a container blog on web1 already." in client.post(ADD, same).content.decode()
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": "!"}, "name", "Use letters"),
        ({"name": ""}, "name", "required"),
        ({"image": "nginx"}, "image", "name a tag"),
        ({"ports": "80\nx"}, "ports", "Line 2: write [address:]"),
        ({"ports": "0.0.0.0:5432:5432"}, "ports", "Line 1: A database open to the network"),
        ({"volumes": "/etc:/etc"}, "volumes", f"Line 1: Outside its own folder {FOLDER}"),
        ({"volumes": "data"}, "volumes", "Line 1: write source:/target"),
        ({"networks": "host"}, "networks", "Shares what is not its"),
        ({"environment": f"A B={SECRET}"}, "environment", "Line 1: this is not NAME=value"),
        ({"labels": "siteflow.x=1"}, "labels", "Says whose it is"),
        ({"memory": "a lot"}, "memory", "Write a size"),
        ({"memory": "1k"}, "memory", "greater than or equal"),
        ({"pids": "0"}, "pids", "greater than or equal to 1"),
        ({"cpus": "x"}, "cpus", "Enter a number"),
    ],
    ids=str,
)
def test_mistakes_show_at_their_field_while_typing_and_when_planning(
    changed: dict[str, str], field: str, words: str, admin: User, host: Host
) -> None:
    client = logged_in(admin)
    given = {**FORM, "host": host.pk, **changed}
    told = client.post(ADD, {**given, "do": "check"}, headers={"Accept": "application/json"})
    assert list(told.json()["errors"]) == [field]
    assert words in told.json()["errors"][field] and SECRET not in told.json()["errors"][field]
    planned = client.post(ADD, given)
    assert list(planned.context["form"].errors) == [field]
    assert "plan" not in planned.context


def test_only_who_manages_a_host_s_sites_finds_the_form(
    admin: User, alice: User, host: Host
) -> None:
    assert logged_in(alice).get(ADD).status_code == 403
    containers = f"/admin/sites/host/{host.pk}/change/"
    for page, given in ((containers, {"tab": "containers"}), ("/admin/sites/container/", {})):
        assert ADD in logged_in(admin).get(page, given).content.decode()
        assert ADD not in logged_in(alice).get(page, given).content.decode()


def test_a_dead_host_is_told_above_the_form(admin: User, host: Host, fake: FakeHost) -> None:
    fake.fail("containers", DriverError("web1 does not answer.", "unreachable"))
    answer = logged_in(admin).post(ADD, {**FORM, "host": host.pk})
    assert "web1 does not answer." in answer.content.decode()


def test_the_tabs_show_limits_and_all_that_docker_tells(
    alice: User, bob: User, web: Container
) -> None:
    page = f"/admin/sites/container/{web.pk}/change/"
    text = logged_in(alice).get(page, {"tab": "limits"}).content.decode()
    assert "64" in text and 'name="memory_bytes" value="64m"' in text
    assert (
        "do/container.limits/" not in logged_in(bob).get(page, {"tab": "limits"}).content.decode()
    )
    text = logged_in(bob).get(page, {"tab": "inspect"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<script>alert" not in text
    assert SECRET not in text and "docker inspect on web1" in text


def test_limits_are_changed_from_their_tab(alice: User, web: Container, fake: FakeHost) -> None:
    given = {"asked": "1", "memory_bytes": "128m", "cpus": "", "pids": "0", "restart": ""}
    act = f"/admin/sites/container/{web.pk}/do/container.limits/"
    assert logged_in(alice).post(act, given).status_code == 302
    row = Operation.objects.get()
    assert row.params == {"memory_bytes": 134217728, "cpus": None, "pids": 0, "restart": None}
    engine.run(row.pk)
    assert fake.configs[web.docker_id]["HostConfig"]["Memory"] == 134217728
    wrong = logged_in(alice).post(act, {**given, "memory_bytes": "1"})
    assert wrong.status_code == 422 and "memory_bytes" in wrong.content.decode()


def test_the_page_of_one_from_compose_says_what_the_next_up_does(
    alice: User, web: Container
) -> None:
    Container.objects.update(compose_project="shop")
    page = f"/admin/sites/container/{web.pk}/change/"
    assert "docker compose up" in logged_in(alice).get(page, {"tab": "limits"}).content.decode()


# -- commands ------------------------------------------------------------------------------------


def test_by_command_with_secrets_from_a_file_and_the_environment(
    host: Host, fake: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "env"
    file.write_text(f"TITLE='{SECRET} #1'\n")
    monkeypatch.setenv("OTHER", SECRET)
    options = [
        "--host=web1", f"--env-file={file}", "--env=OTHER", "--publish=8080:80",
        "--volume=blog_data:/data:ro", "--memory=64m", "--cpus=0.5", "--label=a=b",
    ]  # fmt: skip
    argv = [*options, "blog", IMAGE, "--", "nginx", "-g", "daemon off;"]
    call_command("container", "create", "--plan", *argv)
    assert "+ container blog: created" in capsys.readouterr().out
    assert not Operation.objects.exists()
    call_command("container", "create", "--no-wait", *argv)
    out = capsys.readouterr().out
    engine.run(int(out))
    config = fake.configs[fake.containers["blog"].docker_id]
    assert config["Env"] == [f"TITLE={SECRET} #1", f"OTHER={SECRET}"]
    assert config["Cmd"] == ["nginx", "-g", "daemon off;"]
    assert SECRET not in out + json.dumps(list(Entry.objects.values()), default=str)


def test_inspect_and_limits_by_command(
    web: Container, fake: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("container", "inspect", "web")
    out = capsys.readouterr().out
    assert json.loads(out)["Name"] == "/web" and SECRET not in out
    call_command("container", "limits", "web", "--pids=50", "--no-wait")
    engine.run(int(capsys.readouterr().out))
    assert fake.configs[web.docker_id]["HostConfig"]["PidsLimit"] == 50
