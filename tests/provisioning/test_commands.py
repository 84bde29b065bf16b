"""`manage.py host`, `container` and `operation`, as people and scripts use them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.management import following
from provisioning.models import Operation
from provisioning.operations import VERBS
from sites.models import Container
from tests.audit.conftest import real_database
from tests.provisioning.rows import COMMAND, make_container, make_host

__all__ = ["real_database"]
pytestmark = pytest.mark.django_db


class Ended(Exception):
    """A command ended with another code than 0."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Said:
    """What the last command wrote."""

    out = ""
    err = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run() -> Run:
    said = Said()

    def run(*arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(*arguments, stdout=out, stderr=err)
        except CommandError as error:
            raise Ended(error.returncode, str(error)) from error
        except SystemExit as error:
            raise Ended(int(error.code or 0), "") from error
        except Exception as error:
            if not hasattr(error, "exit_code"):
                raise
            raise Ended(error.exit_code, "") from error
        finally:
            said.out, said.err = out.getvalue(), err.getvalue()
        return said

    run.said = said  # type: ignore[attr-defined]
    return run


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Operations run whenever a command waits for one."""

    def work() -> None:
        for key in Operation.objects.active().values_list("pk", flat=True):
            engine.run(key)

    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr(following, "pause", work)
    yield


@pytest.fixture
def container(fake: FakeHost) -> Container:
    state = fake_container("shop-web-1")
    return make_container(make_host("web1"), state.name, docker_id=state.docker_id)


# -- acting and following --------------------------------------------------------------------


def test_every_verb_is_a_command(run: Run) -> None:
    for kind in ("container", "host", "proxy"):
        for verb in (one for one in VERBS.values() if one.family == kind):
            # one has its own form; the others are for accounts, which a command has none of
            if verb.kind in {"host.add", "host.change", "host.generate-key", "host.add-site"}:
                continue
            with pytest.raises(Ended) as caught:
                run(kind, verb.short)
            assert caught.value.code == 2 and "Missing argument" in caught.value.message


def test_an_action_is_followed_to_its_end(run: Run, worker: None, container: Container) -> None:
    said = run("container", "stop", "web1/shop-web-1", "--grace-s", "3")
    row = Operation.objects.get()
    assert row.params == {"grace_s": 3}
    lines = said.out.splitlines()
    assert lines[0] == f"operation {row.pk}: Stop shop-web-1"
    assert [line.split() for line in lines[1:4]] == [
        ["10%", "Look"], ["30%", "Act"], ["90%", "Check"],
    ]  # fmt: skip
    assert lines[-2:] == ["       shop-web-1: running → exited", "succeeded: shop-web-1: stopped."]
    entry = Entry.objects.get(operation_id=row.pk, phase="outcome")
    assert entry.actor_name.startswith("os:") and entry.source == "command"


def test_json_is_the_operation_and_nothing_else(
    run: Run, worker: None, container: Container
) -> None:
    said = run("container", "restart", str(container.pk), "--json")
    assert (said.json["status"], said.json["kind"]) == ("succeeded", "container.restart")
    assert [step["name"] for step in said.json["steps"]] == ["Look", "Act", "Check"]
    assert said.json["output"][0]["text"] == "shop-web-1: running → running"
    assert "Look" in said.err


@pytest.mark.parametrize("as_json", [False, True])
def test_a_failure_ends_with_1_and_says_why(
    run: Run, worker: None, container: Container, fake: FakeHost, as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def broken(docker_id: str) -> None:
        raise DriverError("web1 does not answer.", "unreachable")

    monkeypatch.setattr(fake.docker, "container", broken)
    with pytest.raises(Ended) as caught:
        run("container", "start", "shop-web-1", *(["--json"] if as_json else []))
    assert caught.value.code == 1
    if as_json:
        said = run.said.json  # type: ignore[attr-defined]
        assert (said["status"], said["error_code"]) == ("failed", "unreachable")
    else:
        assert caught.value.message.startswith("web1 does not answer. Check that the host is up")


def test_no_wait_prints_the_number(run: Run, worker: None, container: Container) -> None:
    said = run("container", "restart", "shop-web-1", "--no-wait")
    row = Operation.objects.get()
    assert (said.out, row.status) == (f"{row.pk}\n", "queued")
    again = run("container", "restart", "shop-web-1", "--no-wait", "--json")
    assert again.json == {"operation": row.pk, "status": "queued"}


def test_without_a_worker_it_says_what_to_look_at(
    run: Run, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []

    def work_at_last() -> None:
        pauses.append(1)
        if len(pauses) == 3:
            engine.run(Operation.objects.get().pk)

    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr(following, "pause", work_at_last)
    monkeypatch.setattr(following, "NO_WORKER_S", 0.0)
    said = run("container", "restart", "shop-web-1")
    assert said.out.count("waiting for a worker: is `manage.py serve` running?") == 1


def test_ctrl_c_leaves_it_running_and_says_so(
    run: Run, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr(following, "pause", ctrl_c)
    with pytest.raises(Ended) as caught:
        run("container", "restart", "shop-web-1")
    row = Operation.objects.get()
    assert (caught.value.code, row.status, row.cancel_requested_at) == (1, "queued", None)
    assert f"Operation {row.pk} goes on." in run.said.err  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["container", "stop", "nothing"], "There is no container 'nothing'"),
        (["container", "stop", "nowhere/shop"], "There is no host 'nowhere'"),
        (["container", "stop", "shop-web-1", "--grace-s", "301"], "grace_s"),
        (["container", "kill", "shop-web-1", "--signal", "SIGSTOP"], "SIGSTOP"),
        (["container", "remove", "shop-web-1"], "Confirm with --yes."),
        (["container", "list", "--state", "fine"], "fine"),
        (["host", "restart-service", "web1", "a b"], "service"),
        (["operation", "show", "99"], "There is no operation 99"),
        (["operation", "list", "--status", "fine"], "fine"),
    ],
)
def test_a_wrong_usage_ends_with_2(
    run: Run, worker: None, container: Container, arguments: list[str], words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(Ended) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert words in caught.value.message
    assert not Operation.objects.exists()


def test_a_busy_target_ends_with_1(run: Run, worker: None, container: Container) -> None:
    run("container", "restart", "shop-web-1", "--no-wait")
    with pytest.raises(Ended) as caught:
        run("container", "stop", "shop-web-1")
    assert caught.value.code == 1 and "is busy" in caught.value.message


def test_removing_asks_first(
    run: Run, worker: None, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.confirm", lambda question: False)
    with pytest.raises(Ended) as caught:
        run("container", "remove", "shop-web-1")
    assert caught.value.code == 1 and not Operation.objects.exists()
    said = run("container", "remove", "shop-web-1", "--yes", "--force")
    assert said.out.splitlines()[-1] == "succeeded: shop-web-1: removed."
    assert not Container.objects.exists()


# -- looking ---------------------------------------------------------------------------------


def test_list_and_show_containers(run: Run, container: Container) -> None:
    ports = [
        {"private": 80, "protocol": "tcp", "public": 8080, "address": ""},
        {"private": 81, "protocol": "tcp", "public": None, "address": ""},
    ]
    Container.objects.update(ports=ports, image="nginx")
    make_container(make_host("web2", state="unreachable"), "lost\x1b[31m")
    lines = run("container", "list").out.splitlines()
    assert lines[0].split()[:4] == ["id", "host_name", "name", "state"]
    assert lines[1].split()[1:6] == ["web1", "shop-web-1", "running", "nginx", "8080->80/tcp"]
    assert "unknown" in lines[2] and "\x1b" not in lines[2] and "\\x1b" in lines[2]
    listed = run("container", "list", "--state", "unknown", "--state", "exited", "--json").json
    assert [row["host_name"] for row in listed] == ["web2"]
    assert run("container", "list", "--search", "nginx", "--json").json[0]["ports"] == ports
    shown = run("container", "show", "shop-web-1", "--json").json
    assert (shown["id"], shown["labels"]) == (container.pk, {})
    assert "shop-web-1" in run("container", "show", "shop-web-1").out


def test_logs(
    run: Run, container: Container, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.logs.reading.host_driver", lambda target: fake)
    fake.logs["shop-web-1"] = ["one", "ERROR \x1b[31m", "three"]
    assert run("container", "logs", "shop-web-1", "--tail", "2").out.splitlines() == [
        "ERROR \\x1b[31m", "three",
    ]  # fmt: skip
    found = run("container", "logs", "shop-web-1", "--search", "error", "--json").json
    assert (found["lines"], found["read"]) == (["ERROR \x1b[31m"], 3)
    assert run("container", "logs", "shop-web-1", "--level", "error", "-t").out.startswith("2026")
    with pytest.raises(Ended):
        run("container", "logs", "shop-web-1", "--level", "loud")


def test_following_logs(
    run: Run, container: Container, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.management.log_command.host_driver", lambda target: fake)
    fake.logs["shop-web-1"] = ["one", "two"]
    said: list[str] = []

    def interrupt(printing: object, told: str) -> None:
        said.append(told)
        raise KeyboardInterrupt

    fake.docker.stop("shop-web-1", grace_s=1)
    monkeypatch.setattr("provisioning.management.log_command.Printing.news", interrupt)
    out = run("container", "logs", "-f", "shop-web-1", "--tail", "1", "--json").out
    assert [line["text"] for line in map(json.loads, out.splitlines())] == ["two"]
    assert said[0].startswith("It is exited")


def test_list_show_cancel_and_retry_operations(
    run: Run, worker: None, container: Container
) -> None:
    number = run("container", "stop", "shop-web-1", "--no-wait").out.strip()
    assert run("operation", "list", "--active", "--json").json[0]["status"] == "queued"
    assert "is cancelled" in run("operation", "cancel", number).out
    with pytest.raises(Ended) as caught:
        run("operation", "cancel", number)
    assert caught.value.code == 1
    retried = run("operation", "retry", number, "--json").json
    assert (retried["retry_of"], retried["status"]) == (int(number), "succeeded")
    shown = run("operation", "show", str(retried["id"]))
    assert "running → exited" in shown.out and "Look" in shown.out
    assert run("operation", "show", number, "--json").json["status"] == "cancelled"
    statuses = [row["status"] for row in run("operation", "list", "--json").json]
    assert statuses == ["succeeded", "cancelled"]
    assert "Stop shop-web-1" in run("operation", "list").out


# -- as processes ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_exit_codes_of_the_process(real_database: dict[str, str]) -> None:
    make_host("web1")
    row = engine.start("host.add", actor=COMMAND, params={"name": "l", "connection": "local"})

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=real_database,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
        )

    listed = manage("host", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [host["name"] for host in json.loads(listed.stdout)] == ["l", "web1"]
    wrong = manage("container", "stop", "nothing")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "There is no container 'nothing'" in wrong.stderr and "Traceback" not in wrong.stderr
    failed = manage("operation", "cancel", str(row.pk))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "has already ended" in failed.stderr and "Traceback" not in failed.stderr
