"""Secrets are in their encrypted column and nowhere else."""

from __future__ import annotations

import base64
import html
import os
import re
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from websockets.sync.client import connect

from tests.lab import Lab
from tests.monitoring.waiting import until
from tests.stack import PASSWORD, Client, Stack, stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
PAGES = (
    "/hosts", "/operations", "/audit/logs", "/containers", "/health/detailed", "/tokens",
    "/wizards", "/auth/me", "/audit/export", "/audit/export?format=csv",
    "/notifications/channels", "/notifications/deliveries",
)  # fmt: skip
WIZARD_PASSWORD = "only-in-a-wizard-4711"
IN_A_CHANNEL = "only-in-a-channel-4712"
REFUSED_CHANNEL = "only-in-a-refused-channel-4713"
FACTORED = "a staple of horses"
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
    _tell_by_channels(client)
    return {
        "address of a channel": IN_A_CHANNEL,
        "address of a channel that was refused": REFUSED_CHANNEL,
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


def _tell_by_channels(client: Client) -> None:
    """One that nobody answers, tested; and one that is refused, by the API and in the console."""
    url = f"json://robot:{IN_A_CHANNEL}@127.0.0.1:1/{IN_A_CHANNEL}"
    made = client.post("/notifications/channels", {"name": "ops", "url": url}).json()["id"]
    sent = client.post(f"/notifications/channels/{made}/test").json()["id"]
    until(
        lambda: client.get(f"/notifications/deliveries/{sent}")["state"] == "given_up", timeout_s=60
    )
    refused = {"name": "wrong", "url": f"slack://{REFUSED_CHANNEL}?template=/{REFUSED_CHANNEL}"}
    assert client.post("/notifications/channels", refused).status_code == 422
    form = {**refused, "min_severity": "info", "scope": "everything"}
    shown = _sent(client, "/admin/monitoring/channel/add/", **form)
    assert shown.status_code == 422 and REFUSED_CHANNEL not in shown.text


@pytest.fixture(scope="module")
def session_ids(used: Stack, own_secrets: dict[str, str]) -> dict[str, str]:
    """Of a browser that is logged in, and of one that logged out again."""
    staying, leaving = used.client(), used.client()
    found = {"session": staying.session.cookies["sessionid"],
             "ended session": leaving.session.cookies["sessionid"]}  # fmt: skip
    assert _sent(leaving, "/account/logout/").ok
    with staying.socket() as socket:
        socket.send('{"type": "ping"}')
    return found


@pytest.fixture(scope="module")
def second_factor(used: Stack, session_ids: dict[str, str]) -> dict[str, str]:
    """The secret of an app and recovery codes, as their pages showed them."""
    used.manage("user", "add", "factored", "--password-stdin", stdin=f"{FACTORED}\n")
    client = used.client("factored", FACTORED)
    page = "/account/second-factor/app/"
    _sent(client, "/account/confirm/", password=FACTORED)
    shown = html.unescape(client.session.get(f"{client.url}{page}", timeout=30).text)
    secret = re.search(r"\b[A-Z2-7]{32}\b", shown)
    assert secret, shown
    code = format_hotp_value(hotp_value(secret[0], int(time.time()) // 30))
    told = _sent(client, page, code=code).text
    codes = re.findall(r">\s*(\d{8,})\s*<", told)
    assert len(codes) == 10, told
    return {
        "app": secret[0],
        **{f"recovery code {n}": one for n, one in enumerate(codes[:2])},
    }  # digits are found anywhere by chance


def _sent(client: Client, path: str, **form: str) -> requests.Response:
    data = {**form, "csrfmiddlewaretoken": client.csrf}
    headers = {"Referer": client.url}
    return client.session.post(f"{client.url}{path}", data=data, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def markers(
    lab: Lab,
    own_secrets: dict[str, str],
    session_ids: dict[str, str],
    second_factor: dict[str, str],
) -> list[bytes]:
    """A line from the middle of the private key, the password, and SiteFlow's own secrets."""
    lines = lab.web1.private_key.splitlines()
    secrets = [lines[len(lines) // 2], lab.web2.password or ""]
    for made in (own_secrets, session_ids, second_factor):
        secrets += made.values()
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


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite's file is looked at below")
def test_no_secret_in_a_dump_of_the_server(used: Stack, markers: list[bytes]) -> None:
    """As a backup is made: every table, whether a model of ours knows it or not."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    url = used.environment["DATABASE_URL"]
    argv = [f"{binaries}/pg_dump", "--inserts", "--dbname", url]
    dump = subprocess.run(argv, capture_output=True, timeout=120, check=True).stdout
    for table in (b"django_session", b"mfa_authenticator", b"accounts_login", b"by-password"):
        assert table in dump
    assert_absent(markers, dump, "the dump")


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


def test_no_secret_on_the_pages_of_a_channel(used: Stack, markers: list[bytes]) -> None:
    client = used.client()
    for page in ("channel/", "channel/1/change/", "channel/1/edit/", "channel/1/history/",
                 "delivery/", "delivery/1/change/"):  # fmt: skip
        answer = client.session.get(f"{client.url}/admin/monitoring/{page}", timeout=30)
        assert answer.status_code == 200
        assert_absent(markers, answer.content, page)


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
