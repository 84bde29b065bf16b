"""`manage.py host`, as people and scripts use it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from provisioning.drivers.keys import generate_ed25519
from provisioning.management import following
from provisioning.models import Operation
from sites.models import Host
from tests.provisioning.rows import make_host
from tests.provisioning.test_commands import Ended, Run, container, run, worker

__all__ = ["container", "run", "worker"]
pytestmark = pytest.mark.django_db


# -- hosts -----------------------------------------------------------------------------------


def test_add_a_host_with_a_new_key(run: Run) -> None:
    said = run("host", "add", "web9", "--ssh", "deploy@192.0.2.9:2222", "--sudo")
    host = Host.objects.get()
    assert (host.username, host.address, host.port, host.sudo) == (
        "deploy", "192.0.2.9", 2222, True,
    )  # fmt: skip
    assert host.credential and host.credential.public_key in said.out
    assert "~deploy/.ssh/authorized_keys" in said.out
    assert said.out.splitlines()[-1] == "Next: manage.py host approve-key web9"
    inner = run("host", "add", "db1", "--ssh", "root@[::1]", "--via", "web9", "--json").json
    assert (inner["via"], inner["address"]) == (host.pk, "0::1")


def test_add_a_host_with_a_key_file(run: Run, tmp_path: Path) -> None:
    pair = generate_ed25519("x")
    file = tmp_path / "key"
    file.write_text(pair.private_text)
    said = run("host", "add", "web9", "--ssh", "a@b", "--key-file", str(file), "--json")
    assert said.json["public_key"].split()[:2] == pair.public_line.split()[:2]
    with pytest.raises(Ended) as caught:
        run("host", "add", "web8", "--ssh", "a@b", "--key-file", str(tmp_path / "none"))
    assert caught.value.code == 2 and "No such file" in caught.value.message
    file.write_text("nonsense")
    with pytest.raises(Ended) as caught:
        run("host", "add", "web8", "--ssh", "a@b", "--key-file", str(file))
    assert caught.value.code == 2 and "not a private key" in caught.value.message


def test_add_a_host_with_a_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("tr0ub4dor\n"))
    said = run("host", "add", "web9", "--ssh", "a@b", "--password-stdin")
    credential = Host.objects.get().credential
    assert credential and credential.reveal() == "tr0ub4dor"
    assert "tr0ub4dor" not in said.out + said.err
    with pytest.raises(Ended) as caught:
        run("host", "add", "web8", "--ssh", "a@b", "--password-stdin")
    assert caught.value.code == 2 and "standard input" in caught.value.message


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--local", "--ssh", "a@b"],
        ["--ssh", "a"],
        ["--ssh", "a@b", "--generate-key", "--password-stdin"],
        ["--ssh", "a@b", "--via", "nowhere"],
        ["--ssh", "a@b", "--docker-socket", "relative"],
    ],
)
def test_a_host_that_cannot_be_added(run: Run, arguments: list[str]) -> None:
    with pytest.raises(Ended) as caught:
        run("host", "add", "web9", *arguments)
    assert caught.value.code == 2
    assert not Host.objects.exists()


def test_the_local_host_and_its_end(run: Run) -> None:
    said = run("host", "add", "here", "--local", "--docker-socket", "/run/d.sock")
    assert said.out == "here is added. Next: manage.py host test here\n"
    assert run("host", "show", "here", "--json").json["docker_socket"] == "/run/d.sock"
    assert run("host", "list", "--json").json[0]["connection"] == "local"
    assert "Not read yet" in run("host", "facts", "here").err
    assert run("host", "services", "here", "--json").json == []
    assert run("host", "remove", "here", "--yes").out.splitlines()[-1].startswith("succeeded")
    assert not Host.objects.exists()


def test_approve_the_key_that_was_offered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    line = generate_ed25519("").public_line
    host = make_host("web9", connection="ssh", address="b", state="key_unapproved",
                     offered_key=line)  # fmt: skip
    shown = host.offered_fingerprint
    with pytest.raises(Ended) as caught:
        run("host", "approve-key", "web9", "--fingerprint", "SHA256:other")
    assert caught.value.code == 2 and "not the fingerprint" in caught.value.message
    monkeypatch.setattr("typer.confirm", lambda question: False)
    with pytest.raises(Ended) as caught:
        run("host", "approve-key", "web9")
    assert caught.value.code == 1
    assert shown in run.said.out  # type: ignore[attr-defined]
    host.refresh_from_db()
    assert host.host_key == ""
    monkeypatch.setattr("typer.confirm", lambda question: True)
    assert "is approved" in run("host", "approve-key", "web9").out
    host.refresh_from_db()
    assert host.host_key == line


def test_approve_looks_first_when_nothing_was_offered(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = generate_ed25519("").public_line
    host = make_host("web9", connection="ssh", address="b", state="new")
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)

    def look() -> None:
        Host.objects.update(offered_key=line)
        Operation.objects.update(status="failed", message="nobody has approved it yet")

    monkeypatch.setattr(following, "pause", look)
    host.offered_key = line
    said = run("host", "approve-key", "web9", "--fingerprint", host.offered_fingerprint, "--json")
    assert said.json["host_key_fingerprint"] == host.offered_fingerprint
    assert Operation.objects.filter(kind="host.test").count() == 1


def test_approve_says_why_nothing_is_offered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    make_host("web9", connection="ssh", address="b", state="new")
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr(
        following, "pause", lambda: Operation.objects.update(status="failed", message="no way in")
    )
    with pytest.raises(Ended) as caught:
        run("host", "approve-key", "web9")
    assert (caught.value.code, caught.value.message) == (1, "no way in")


def test_a_host_is_added_as_pending_and_confirmed(run: Run) -> None:
    said = run("host", "add", "web1", "--ssh", "root@192.0.2.1", "--pending", "--json")
    assert said.json["state"] == "setup_pending"
    Host.objects.update(host_key=generate_ed25519("").public_line)
    assert "begins to watch it" in run("host", "confirm", "web1").out
    assert Host.objects.get().state == "new"
