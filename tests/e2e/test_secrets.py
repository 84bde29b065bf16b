"""Secrets are in their encrypted column and nowhere else."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from tests.lab import Lab
from tests.stack import PASSWORD, Client, Stack, stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
PAGES = (
    "/hosts", "/operations", "/audit/logs", "/containers", "/health/detailed", "/tokens",
    "/wizards", "/auth/me", "/audit/export", "/audit/export?format=csv",
)  # fmt: skip
WIZARD_PASSWORD = "only-in-a-wizard-4711"
MISTYPED = "correct horse batttery"


@pytest.fixture(scope="module")
def used(lab: Lab) -> Iterator[Stack]:
    """A SiteFlow that was given a key and a password, logged in with both, and failed with one."""
    with stack() as running:
        client = running.client()
        key = {"auth": "key", "private_key": lab.web1.private_key}
        _add(client, lab.web1, "by-key", username=lab.web1.user, **key)
        login = {"auth": "password", "password": lab.web2.password or ""}
        _add(client, lab.web2, "by-password", username=lab.web2.password_user or "", **login)
        _add(client, lab.web2, "refused", username="guest", **login)
        yield running


def _add(client: Client, host: object, name: str, **login: str) -> None:
    where = {"address": host.address, "port": host.port}  # type: ignore[attr-defined]
    key = client.post("/hosts", {"name": name, **where, **login}).json()["id"]
    for fingerprint in ("", host.fingerprint):  # type: ignore[attr-defined]
        if fingerprint:
            client.post(f"/hosts/{key}/approve-key", {"fingerprint": fingerprint})
        asked = client.post("/operations", _test_of(key))
        client.wait(asked.json()["id"])


def _test_of(host: int) -> dict[str, object]:
    return {"kind": "host.test", "target_type": "host", "target_id": host, "params": {}}


def _spellings(secret: str) -> list[bytes]:
    """As it is, quoted, in hex, and in base64 wherever in a text it may begin."""
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="").encode()
    return [raw, raw.hex().encode(), quoted, *(_in_base64(raw, at) for at in range(3))]


def _in_base64(raw: bytes, at: int) -> bytes:
    """What does not depend on the bytes before (``at`` of them, modulo 3) and after."""
    skipped = (3 - at) % 3
    whole = raw[skipped : skipped + (len(raw) - skipped) // 3 * 3]
    return base64.b64encode(whole)


@pytest.fixture(scope="module")
def own_secrets(used: Stack) -> dict[str, str]:
    """What SiteFlow itself made or was told to let people and programs in, each used once."""
    client = used.client()
    login = {"username": "admin", "password": PASSWORD}
    first = client.post("/auth/token", login).json()
    second = client.post("/auth/refresh", {"refresh": first["refresh"]}).json()
    token = client.post("/tokens", {"name": "marked", "scopes": ["read"]}).json()["token"]
    for bearer in (token, second["access"]):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert requests.get(f"{client.url}/api/auth/me", headers=headers, timeout=30).ok
    ticket = client.post("/auth/ws-ticket").json()["ticket"]
    with connect(f"{client.url.replace('http', 'ws')}/api/ws?ticket={ticket}") as socket:
        socket.send('{"type": "ping"}')
    started = client.post("/wizards/start", {"wizard_type": "ssh_host"}).json()["id"]
    connection = {"name": "waiting", "address": "192.0.2.9", "username": "a"}
    client.post(f"/wizards/{started}/step", connection)
    client.post(f"/wizards/{started}/next")
    given = {"auth": "password", "password": WIZARD_PASSWORD}
    assert client.post(f"/wizards/{started}/step", given).ok
    requests.post(f"{client.url}/api/auth/token", json={**login, "password": MISTYPED}, timeout=30)
    return {
        "api token": token,
        "access tokens": first["access"],
        "the second access token": second["access"],
        "refresh token": first["refresh"],
        "the second refresh token": second["refresh"],
        "ticket": ticket,
        "password in a wizard": WIZARD_PASSWORD,
        "mistyped password": MISTYPED,
        "password of the account": PASSWORD,
    }


@pytest.fixture(scope="module")
def markers(lab: Lab, own_secrets: dict[str, str]) -> list[bytes]:
    """A line from the middle of the private key, the password, and SiteFlow's own secrets."""
    lines = lab.web1.private_key.splitlines()
    secrets = [lines[len(lines) // 2], lab.web2.password or "", *own_secrets.values()]
    return [spelling for secret in secrets for spelling in _spellings(secret)]


def assert_absent(markers: list[bytes], text: bytes, where: str) -> None:
    assert not [marker for marker in markers if marker in text], f"a secret is in {where}"


def test_both_ways_in_were_really_used(used: Stack) -> None:
    hosts = {row["name"]: row for row in used.client().get("/hosts")["items"]}
    assert hosts["by-key"]["preflight"][2]["verdict"] == "ok"
    assert hosts["by-password"]["preflight"][2]["verdict"] == "ok"
    assert hosts["refused"]["error_code"] == "login_refused"


def test_no_secret_in_any_row(used: Stack, markers: list[bytes]) -> None:
    rows = used.manage("dumpdata")
    assert "by-password" in rows
    assert_absent(markers, rows.encode(), "the database")


def test_no_secret_in_files_and_logs(used: Stack, markers: list[bytes]) -> None:
    files = [path for path in Path(used.folder).rglob("*") if path.is_file()]
    assert any(path.name == "serve.log" for path in files)
    for path in files:
        assert_absent(markers, path.read_bytes(), path.name)


@pytest.mark.parametrize("page", PAGES)
def test_no_secret_in_an_answer(used: Stack, markers: list[bytes], page: str) -> None:
    client = used.client()
    answer = client.session.get(f"{client.url}/api{page}", timeout=30)
    assert answer.status_code == 200
    assert_absent(markers, answer.content, page)


def test_no_secret_on_the_pages_of_a_host(used: Stack, markers: list[bytes]) -> None:
    client = used.client()
    for row in client.get("/hosts")["items"]:
        for page in ("change", "edit"):
            address = f"{client.url}/admin/sites/host/{row['id']}/{page}/"
            assert_absent(markers, client.session.get(address, timeout=30).content, address)


def test_no_secret_in_process_lists(used: Stack, markers: list[bytes]) -> None:
    read = 0
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                text = (process / name).read_bytes()
            except OSError:
                continue  # it has ended
            read += 1
            assert_absent(markers, text, f"{name} of process {process.name}")
    assert read > 20
