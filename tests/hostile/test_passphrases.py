"""Odd passphrases that are legal: a key locked with one is unlocked with it, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import serialization as how
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.test import Client

from provisioning.models import Wizard
from sites.models import Credential, Host
from tests.hostile.commands import Terminal
from tests.hostile.legal import SECRETS
from tests.hostile.visitors import ssh_host
from tests.hostile.world import taken_back, told
from tests.people import logged_in
from tests.siteflow.permission_table import CONNECTION

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]


def locked(passphrase: str) -> tuple[str, str]:
    """A new private key as ssh-keygen writes it, and its public line."""
    key = Ed25519PrivateKey.generate()
    one_round = how.PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1)
    private = key.private_bytes(
        how.Encoding.PEM, how.PrivateFormat.OpenSSH, one_round.build(passphrase.encode())
    )
    public = key.public_key().public_bytes(how.Encoding.OpenSSH, how.PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def by_api(client: Client, host: Host, key: dict[str, str]) -> None:
    told(client.patch(f"/api/hosts/{host.pk}", json.dumps(key), "application/json"))


def by_console(client: Client, host: Host, key: dict[str, str]) -> None:
    form = {**CONNECTION, "connection": "ssh", "port": "22", "connect_timeout_s": "10",
            "command_timeout_s": "60", "docker_socket": "/var/run/docker.sock"}  # fmt: skip
    answer = client.post(f"/admin/sites/host/{host.pk}/edit/", {**form, **key})
    assert answer.status_code == 302, answer.content.decode()


def by_wizard(client: Client, host: Host, key: dict[str, str]) -> None:
    Host.objects.filter(pk=host.pk).update(state=Host.State.SETUP_PENDING)
    row = Wizard.objects.create(
        kind="ssh_host", owner=User.objects.get(username="admin"), step="authentication",
        host=host, state={"connection": CONNECTION},
    )  # fmt: skip
    answer = client.post(f"/admin/sites/host/set-up/{row.pk}/", {"move": "next", **key})
    assert answer.status_code == 302, answer.content.decode()


IMPORTS: Final[dict[str, Callable[[Client, Host, dict[str, str]], None]]] = {
    "api": by_api, "console": by_console, "wizard": by_wizard,
}  # fmt: skip


@pytest.mark.parametrize("way", IMPORTS)
def test_a_locked_key_is_imported(way: str, admin: User) -> None:
    client, host = logged_in(admin), ssh_host("web2")
    for passphrase in SECRETS if way == "api" else SECRETS[::3]:
        private, public = locked(passphrase)
        key = {"auth": "key", "private_key": private, "passphrase": passphrase}
        with taken_back():
            IMPORTS[way](client, host, key)
            assert_kept(Host.objects.get(pk=host.pk).credential, public, passphrase)


def assert_kept(credential: Credential | None, public: str, passphrase: str) -> None:
    """Without the passphrase, and it is that very key."""
    assert credential is not None and credential.public_key == public, passphrase
    key: Any = how.load_ssh_private_key(credential.reveal().encode(), None)
    raw = key.public_key().public_bytes(how.Encoding.OpenSSH, how.PublicFormat.OpenSSH)
    assert raw.decode() == public, passphrase


def test_by_command(admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Standard input gives one line of it."""
    monkeypatch.chdir(tmp_path)
    terminal, lines = Terminal(monkeypatch), [one for one in SECRETS if one.splitlines() == [one]]
    assert len(lines) >= 60
    for passphrase in lines:
        private, public = locked(passphrase)
        (tmp_path / "key").write_text(private)
        argv = ["host", "add", "new", "--ssh=a@192.0.2.1", "--key-file=key", "--passphrase-stdin"]
        with taken_back():
            ended = terminal.run(argv, stdin=f"{passphrase}\n".encode())
            assert ended.code == 0, (passphrase, ended)
            assert_kept(Host.objects.get(name="new").credential, public, passphrase)


def test_one_that_is_nearly_right_opens_nothing(admin: User) -> None:
    client, host = logged_in(admin), ssh_host("web2")
    private, _ = locked(" é ")
    for passphrase in ("é", " e\u0301 ", " é", " é \n", "\ufeff é ", " É "):
        body = {"auth": "key", "private_key": private, "passphrase": passphrase}
        answer: Any = client.patch(f"/api/hosts/{host.pk}", json.dumps(body), "application/json")
        assert answer.status_code == 422, passphrase
        assert "wrong" in told(answer)["error"]["message"]
