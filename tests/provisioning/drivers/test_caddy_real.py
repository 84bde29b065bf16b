"""A real Caddy: what a vhost does, and who else may be there."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from provisioning.drivers.caddy_config import found, is_edited, without_ours
from provisioning.drivers.caddy_load import load, reload, with_changes
from provisioning.drivers.caddy_vhost import Route, Vhost
from provisioning.drivers.errors import DriverError
from tests.lab.command import wait_until
from tests.provisioning.drivers.caddy_process import Answer, Caddy, backend, running
from tests.provisioning.drivers.caddy_real import (
    HASH,
    Load,
    _nothing_left,
    caddy,
    has_text,
    internal,
    login,
    serve_all,
    shop,
)

__all__ = ["_nothing_left", "caddy", "shop"]


# -- what a vhost does --------------------------------------------------------------------------


def test_a_site_is_served_with_a_certificate_of_the_proxys_own(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, internal("shop.test", shop))
    answer = caddy.get("shop.test", "/some?thing=1")
    assert (answer.status, answer.text) == (200, "shop /some?thing=1")
    plain = caddy.get("shop.test", "/some?thing=1", tls=False)
    assert (plain.status, plain.headers["location"]) == (308, "https://shop.test/some?thing=1")


def test_a_name_that_nobody_has_is_not_found(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, internal("shop.test", shop))
    assert caddy.get("other.test", tls=False).status == 404


def test_plain_http(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, Vhost("plain.test", shop, tls="off"))
    assert caddy.get("plain.test", tls=False).text == "shop /"


def test_paths_go_to_other_backends_whole(caddy: Caddy, shop: str) -> None:
    with backend("api") as api, backend("v2") as v2:
        caddy.upstream("shop.api", api)
        caddy.upstream("shop.v2", v2)
        routes = (
            Route("/api/", "shop.api"), Route("/api/v2/", "shop.v2"), Route("/admin", "shop.api"),
        )  # fmt: skip
        serve_all(caddy, internal("shop.test", shop, routes=routes))
        asked = ("/", "/api/users", "/api/v2/users", "/admin", "/admin/x", "/administrator", "/api")
        assert [caddy.get("shop.test", path).text for path in asked] == [
            "shop /", "api /api/users", "v2 /api/v2/users", "api /admin", "api /admin/x",
            "shop /administrator", "shop /api",
        ]  # fmt: skip


def test_a_redirect_keeps_path_and_query(caddy: Caddy) -> None:
    serve_all(caddy, internal("www.shop.test", redirect_to="https://shop.test"))
    answer = caddy.get("www.shop.test", "/a/b?c=d")
    assert (answer.status, answer.headers["location"]) == (308, "https://shop.test/a/b?c=d")


def test_a_password_is_asked_for_also_below_a_route(caddy: Caddy, shop: str) -> None:
    vhost = internal(
        "shop.test", shop, basic_auth=(("carol", HASH),), routes=(Route("/api/", shop),)
    )
    serve_all(caddy, vhost)
    for path in ("/", "/api/"):
        assert caddy.get("shop.test", path).status == 401
        assert caddy.get("shop.test", path, **login("carol", "wrong")).status == 401
        assert caddy.get("shop.test", path, **login("carol", "right")).status == 200


def test_without_a_container_the_site_says_so(caddy: Caddy) -> None:
    serve_all(caddy, internal("shop.test"))
    assert caddy.get("shop.test").status == 503


def test_each_domain_has_an_access_log_of_its_own(caddy: Caddy, shop: str) -> None:
    serve_all(
        caddy, internal("a.test", shop), internal("b.test", shop),
        internal("quiet.test", shop, access_log=False),
    )  # fmt: skip
    for name in ("a.test", "b.test", "quiet.test"):
        assert caddy.get(name, f"/of-{name}", **login("carol", "right")).status == 200
    for name in ("a.test", "b.test"):
        file = caddy.folder / "logs" / f"{name}.log"
        wait_until(partial(has_text, file), what="the log is written")
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert {line["request"]["host"] for line in lines} == {name}
        assert lines[-1]["request"]["uri"] == f"/of-{name}" and lines[-1]["status"] == 200
        assert base64.b64encode(b"carol:right").decode() not in file.read_text()
    assert not (caddy.folder / "logs" / "quiet.test.log").exists()
    assert "/of-quiet.test" not in caddy.log


def test_a_websocket_goes_on_through_reloads(caddy: Caddy, shop: str) -> None:
    with echo() as server:
        address = caddy.upstream("ws.web", f"127.0.0.1:{server.socket.getsockname()[1]}")
        serve_all(caddy, internal("ws.test", address), internal("shop.test", shop))
        uri = f"wss://ws.test:{caddy.https_port}/"
        where = {"address": ("127.0.0.1", caddy.https_port), "ssl": caddy.tls_context()}
        with connect(uri, proxy=None, server_hostname="ws.test", **where) as channel:  # type: ignore[call-overload]
            for number in range(3):
                channel.send(f"before {number}")
                assert channel.recv(timeout=10) == f"before {number}"
                reload(caddy.admin)
                serve_all(caddy, internal(f"new{number}.test", shop))
                # its own vhost changes as well
                serve_all(caddy, internal("ws.test", address, routes=(Route(f"/{number}/", shop),)))
            channel.send("after")
            assert channel.recv(timeout=10) == "after"


def _say_it_again(channel: ServerConnection) -> None:
    for text in channel:
        channel.send(text)


class echo:
    """A WebSocket server that says what it is told."""

    def __enter__(self) -> Server:
        self._server = serve(_say_it_again, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self._server

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()


def test_another_container_takes_over_without_a_failed_request(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, internal("switched.test", caddy.upstream("switched.web", "127.0.0.1:9")))
    with backend("old") as old, backend("new") as new:
        caddy.upstream("switched.web", old)
        with Load(caddy, ["switched.test", "switched.test"]) as asking:
            for number in range(40):
                caddy.upstream("switched.web", (old, new)[number % 2])
                asking.go_on()
    assert asking.wrong == []
    assert asking.texts == {"old /", "new /"}


# -- who else is there --------------------------------------------------------------------------


def test_what_others_configured_stays_and_is_served(caddy: Caddy, shop: str) -> None:
    before = caddy.admin.read()
    theirs = without_ours(before.config)
    handler = {"handler": "static_response", "body": "theirs"}
    route = {"match": [{"host": ["theirs.test"]}], "handle": [handler]}
    theirs["apps"]["http"]["servers"] = {
        "srv0": {"listen": [f":{caddy.http_port}"], "routes": [route]}
    }
    caddy.admin.replace(theirs, etag=before.etag)
    serve_all(caddy, Vhost("plain.test", shop, tls="off"))
    assert caddy.get("theirs.test", tls=False).text == "theirs"
    assert caddy.get("plain.test", tls=False).text == "shop /"
    loaded = caddy.admin.read()
    assert without_ours(loaded.config) == theirs
    caddy.admin.replace(without_ours(before.config), etag=loaded.etag)


def test_an_outdated_tag_changes_nothing(caddy: Caddy, shop: str) -> None:
    outdated = caddy.admin.read()
    serve_all(caddy, internal("shop.test", shop))
    config = with_changes(outdated.config, caddy.blocks(internal("other.test", shop)))
    with pytest.raises(DriverError) as refused:
        caddy.admin.replace(config, etag=outdated.etag)
    assert refused.value.code == "proxy_changed"
    assert caddy.get("shop.test").status == 200


def test_many_who_change_it_at_once_all_get_what_they_want(caddy: Caddy, shop: str) -> None:
    names = [f"site{number}.test" for number in range(12)]

    def put(name: str) -> dict[str, str]:
        return load(caddy.admin, caddy.blocks(internal(name, shop)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(put, names)) == [{}] * len(names)
    config = caddy.admin.read().config
    assert sorted(found(config)) == sorted(names)
    assert not is_edited(config)


def test_a_stranger_is_not_let_in_to_the_admin_api(caddy: Caddy) -> None:
    """Containers of sites are in the proxy's network, and reach this port."""
    for headers in ({}, {"Origin": "http://guessed"}, {"Origin": "null"}):
        for method, path in (("GET", "/config/"), ("POST", "/load"), ("POST", "/stop")):
            answer = caddy.send(method, path, headers=headers)
            assert answer.status in (400, 403) and b"apps" not in answer.body


# -- the process --------------------------------------------------------------------------------


def test_after_a_kill_it_serves_what_it_was_last_given(tmp_path: Path) -> None:
    with running(tmp_path) as caddy, backend("shop") as address:
        shop = caddy.upstream("shop.web", address)
        serve_all(caddy, internal("shop.test", shop))
        caddy.stop(kill=True)
        caddy.start()
        caddy.wait_certificate("shop.test")
        answer: Answer = caddy.get("shop.test")
        assert answer.text == "shop /"
        assert not is_edited(caddy.admin.read().config)


def test_a_forced_reload_changes_no_word(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, internal("shop.test", shop))
    before = caddy.admin.read()
    reload(caddy.admin)
    assert caddy.admin.read() == before
    assert caddy.get("shop.test").status == 200
