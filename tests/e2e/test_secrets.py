"""Secrets are in their encrypted column and nowhere else."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.stack import Client, Stack, stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
PAGES = ("/hosts", "/operations", "/audit/logs", "/containers", "/health/detailed")


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
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="").encode()
    return [raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quoted]


@pytest.fixture(scope="module")
def markers(lab: Lab) -> list[bytes]:
    """A line from the middle of the private key, and the password, each in four spellings."""
    lines = lab.web1.private_key.splitlines()
    return _spellings(lines[len(lines) // 2]) + _spellings(lab.web2.password or "")


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
