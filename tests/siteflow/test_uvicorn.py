"""The console served by uvicorn instead of daphne: logins, sockets and limits are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.typing import Origin

from siteflow.supervisor.roles import MAX_FRAME_BYTES
from tests.served import Served, served
from tests.stack import ROOT
from tests.uvicorn import OPTIONS, uvicorn

ANSWER_S: Final = 20.0


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("uvicorn"), uvicorn) as found:
        yield found
    assert "Traceback" not in found.said()


def ask(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    socket.send(json.dumps({**message, "id": 1}))
    while (answer := hear(socket)).get("id") != 1:
        pass
    return answer


def hear(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(socket.recv(ANSWER_S))
    return found


def test_pages_and_api(console: Served) -> None:
    assert console.admin.get("/hosts")["items"] == []
    page = console.admin.session.get(f"{console.stack.url}/admin/", timeout=ANSWER_S)
    assert page.ok and "Content-Security-Policy" in page.headers and "Server" not in page.headers


def test_a_body_that_is_too_large(console: Served) -> None:
    refused = console.admin.session.post(
        f"{console.stack.url}/api/operations", data=b"x" * 1_100_000, timeout=ANSWER_S
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


def test_nobody_can_say_where_they_come_from(console: Served) -> None:
    """uvicorn would believe whoever is on the same machine."""
    answer = requests.post(
        f"{console.stack.url}/api/auth/token",
        json={"username": "admin", "password": "wrong"},
        headers={"X-Forwarded-For": "192.0.2.66"},
        timeout=ANSWER_S,
    )
    assert answer.status_code == 401
    told = json.dumps(console.admin.get("/audit/logs"))
    assert "127.0.0.1" in told and "192.0.2.66" not in told


def test_a_socket_without_a_login_or_from_another_page(console: Served) -> None:
    with console.socket(additional_headers={}) as socket:
        assert hear(socket)["code"] == "not_authenticated"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(ANSWER_S)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus), console.socket(origin=Origin("http://evil.example")):
        pass


def test_a_snapshot_and_then_every_change(console: Served) -> None:
    with console.socket() as one, console.socket("/ws/dashboard") as two:
        assert ask(one, type="subscribe", topic="hosts")["items"] == []
        assert [hear(two)["topic"] for _ in range(3)] == ["hosts", "containers", "operations"]
        console.stack.manage("host", "add", "web1", "--ssh", "deploy@192.0.2.1", "--generate-key")
        for socket in (one, two):
            while (told := hear(socket))["type"] != "hosts.update":
                pass
            assert [item["name"] for item in told["items"]] == ["web1"]
        assert ask(one, type="ping")["type"] == "pong"


def test_nonsense_harms_nobody(console: Served) -> None:
    with console.socket() as well:
        with console.socket() as bad:
            for _ in range(20):
                bad.send("{")
            said = [hear(bad)["code"] for _ in range(20)]
            assert said == ["bad_json"] * 19 + ["too_many_errors"]
        with console.socket() as large, pytest.raises(ConnectionClosed):
            large.send("x" * (MAX_FRAME_BYTES + 1))
            large.recv(ANSWER_S)
        assert ask(well, type="ping")["type"] == "pong"


def test_the_options_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    line = " ".join(OPTIONS)
    assert line in " ".join(text.replace("\\\n", " ").split())
