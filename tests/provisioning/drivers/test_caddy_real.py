"""A real Caddy: what a vhost does, and what one bad vhost does not do to the others."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import bcrypt
import pytest
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from provisioning.drivers.caddy_admin import Admin, Loaded
from provisioning.drivers.caddy_config import found, is_edited, without_ours
from provisioning.drivers.caddy_load import load, reload, with_changes
from provisioning.drivers.caddy_vhost import Block, Route, Vhost
from provisioning.drivers.errors import DriverError
from tests.lab.command import wait_until
from tests.provisioning.drivers.caddy_process import Answer, Caddy, backend, running

HASH: Final = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    with running(tmp_path_factory.mktemp("caddy")) as started:
        yield started


@pytest.fixture(scope="module")
def shop(caddy: Caddy) -> Iterator[str]:
    with backend("shop") as address:
        yield caddy.upstream("shop.web", address)


@pytest.fixture(autouse=True)
def _nothing_left(caddy: Caddy) -> Iterator[None]:
    yield
    load(caddy.admin, dict.fromkeys(found(caddy.admin.read().config)), clean=True)


def internal(name: str, upstream: str = "", **values: Any) -> Vhost:
    return Vhost(name, upstream, tls="internal", **values)


def serve_all(caddy: Caddy, *vhosts: Vhost) -> None:
    assert load(caddy.admin, caddy.blocks(*vhosts)) == {}
    for vhost in vhosts:
        caddy.wait_certificate(vhost.name, tls=vhost.tls != "off")


def has_text(file: Path) -> bool:
    return file.exists() and bool(file.read_text())


def login(user: str, password: str) -> dict[str, Any]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# -- what a vhost does ------------------------------------------------------------------------


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


# -- who else is there ------------------------------------------------------------------------


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


# -- one bad vhost ----------------------------------------------------------------------------


def proxy(one: Block) -> Any:
    assert one.https is not None
    return one.https["handle"][0]["routes"][-1]["handle"][0]


def spoilt(one: Block, change: Callable[[Any, Any], Any]) -> Block:
    """A copy in which something is not as Caddy wants it."""
    made = deepcopy(one)
    change(made.https, proxy(made))
    return made


Change = Callable[[Any, Any], Any]
# Each is given the route of the vhost and the handler at its end.
BAD: Final[dict[str, Change]] = {
    "unknown handler": lambda route, last: last.update(handler="nonsense"),
    "no handler": lambda route, last: last.pop("handler"),
    "handler of another type": lambda route, last: last.update(handler=7),
    "unknown field": lambda route, last: last.update(nonsense=1),
    "upstreams of another type": lambda route, last: last.update(upstreams="a:80"),
    "unknown transport": lambda route, last: last.update(transport={"protocol": "nonsense"}),
    "bad duration": lambda route, last: last.update(stream_close_delay="soon"),
    "bad try duration": lambda route, last: last.update(load_balancing={"try_duration": "x"}),
    "unknown policy": lambda route, last: last.update(
        load_balancing={"selection_policy": {"policy": "nonsense"}}
    ),
    "unknown matcher": lambda route, last: route.update(match=[{"nonsense": ["x"]}]),
    "matcher of another type": lambda route, last: route.update(match="x"),
    "hosts of another type": lambda route, last: route.update(match=[{"host": 5}]),
    "same host twice": lambda route, last: route.update(match=[{"host": ["x.test", "x.test"]}]),
    "broken pattern": lambda route, last: route.update(match=[{"path_regexp": {"pattern": "("}}]),
    "broken expression": lambda route, last: route.update(match=[{"expression": "1 +"}]),
    "broken address range": lambda route, last: route.update(
        match=[{"remote_ip": {"ranges": ["300.0.0.0/8"]}}]
    ),
    "handle of another type": lambda route, last: route.update(handle="x"),
    "terminal of another type": lambda route, last: route.update(terminal="x"),
    "group of another type": lambda route, last: route.update(group=[1]),
    "no bcrypt": lambda route, last: put_auth(last, password="plain"),
    "empty password": lambda route, last: put_auth(last, password=""),
    "unknown hash": lambda route, last: put_auth(last, algorithm="rot13"),
    "user twice": lambda route, last: put_auth(last, times=2),
    "unknown provider": lambda route, last: replace_handler(
        last, handler="authentication", providers={"nonsense": {}}
    ),
    "bad rewrite": lambda route, last: replace_handler(last, handler="rewrite", uri=[1]),
    "bad headers": lambda route, last: replace_handler(last, handler="headers", response=[]),
    "unknown encoding": lambda route, last: replace_handler(
        last, handler="encode", encodings={"nonsense": {}}
    ),
}  # fmt: skip

# What Caddy takes although it is of no use. It stays with the vhost that it is in.
USELESS: Final[dict[str, Change]] = {
    "upstream without an address": lambda route, last: last.update(upstreams=[{"dial": ":::"}]),
    "upstream with words for a port": lambda route, last: last.update(upstreams=[{"dial": "a:b"}]),
    "upstream with a range": lambda route, last: last.update(upstreams=[{"dial": "a:80-90"}]),
    "unknown network": lambda route, last: last.update(upstreams=[{"dial": "nonsense/a:80"}]),
    "status that is none": lambda route, last: replace_handler(
        last, handler="static_response", status_code={"a": 1}
    ),
}  # fmt: skip


def replace_handler(last: Any, **values: Any) -> None:
    last.clear()
    last.update(values)


def put_auth(last: Any, *, password: str = HASH, algorithm: str = "bcrypt", times: int = 1) -> None:
    accounts = [{"username": "carol", "password": password}] * times
    basic = {"accounts": accounts, "hash": {"algorithm": algorithm}}
    replace_handler(last, handler="authentication", providers={"http_basic": basic})


# What concerns another part than the route.
BAD_PARTS: Final[dict[str, Callable[[Block], Block]]] = {
    "unknown issuer": lambda one: with_tls(one, issuers=[{"module": "x"}]),
    "name that another policy has": lambda one: with_tls(one, subjects=["site0.test"]),
    "log in a folder that cannot be": lambda one: with_log(
        one, writer={"output": "file", "filename": "/proc/x/y.log"}
    ),
    "unknown encoder": lambda one: with_log(one, encoder={"format": "x"}),
    "unknown level": lambda one: with_log(one, level="LOUD"),
}


def with_tls(one: Block, **values: Any) -> Block:
    return replace(one, tls={**(one.tls or {}), **values})


def with_log(one: Block, **values: Any) -> Block:
    return replace(one, log={**(one.log or {}), **values})


class Load:
    """Asks for some of the good sites without a pause, and remembers every wrong answer."""

    def __init__(self, caddy: Caddy, names: list[str]) -> None:
        self.asked = 0
        self.wrong: list[str] = []
        self.texts: set[str] = set()
        self._caddy, self._names, self._ended = caddy, names, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in (0, 1)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def go_on(self) -> None:
        """Until some more requests have had their answers."""
        enough = self.asked + 5
        wait_until(lambda: self.asked >= enough, what="requests are answered")

    def _run(self, first: int) -> None:
        for name in self._endless(self._names[first::2]):
            try:
                answer = self._caddy.get(name)
            except OSError as error:
                self.wrong.append(f"{name}: {error!r}")
            else:
                self.texts.add(answer.text)
                self.wrong += [] if answer.status == 200 else [f"{name}: {answer.status}"]
            self.asked += 1

    def _endless(self, names: list[str]) -> Iterator[str]:
        while True:
            for name in names:
                if self._ended.is_set():
                    return
                yield name


@pytest.fixture
def many(caddy: Caddy, shop: str) -> list[str]:
    names = [f"site{number}.test" for number in range(199)]
    serve_all(caddy, *(internal(name, shop) for name in names))
    return names


def test_of_200_vhosts_one_is_bad_in_many_ways_and_the_others_answer_throughout(
    caddy: Caddy, many: list[str], shop: str
) -> None:
    good = caddy.block(internal("bad.test", shop))
    bad = {what: spoilt(good, change) for what, change in BAD.items()}
    bad |= {what: spoil(good) for what, spoil in BAD_PARTS.items()}
    assert len(bad) >= 30
    with Load(caddy, many[:20]) as asking:
        for what, one in bad.items():
            refused = load(caddy.admin, {"bad.test": one})
            assert list(refused) == ["bad.test"], f"Caddy took {what}"
            asking.go_on()
    assert asking.wrong == []
    answer_all(caddy, many)


def test_what_caddy_takes_though_it_is_of_no_use_stays_with_its_vhost(
    caddy: Caddy, many: list[str], shop: str
) -> None:
    for change in USELESS.values():
        one = spoilt(caddy.block(internal("bad.test", shop)), change)
        assert load(caddy.admin, {"bad.test": one}) == {}
        answer_all(caddy, many[:30])
    caddy.stop(kill=True)
    caddy.start()
    for name in many:
        caddy.wait_certificate(name)
    answer_all(caddy, many)
    assert not is_edited(caddy.admin.read().config)


def answer_all(caddy: Caddy, names: list[str]) -> None:
    assert [caddy.get(name).status for name in names] == [200] * len(names)


def test_bad_among_many_that_are_new_keeps_only_itself_out(caddy: Caddy, shop: str) -> None:
    blocks = caddy.blocks(*(internal(f"site{number}.test", shop) for number in range(40)))
    for name in ("site7.test", "site30.test"):
        blocks[name] = spoilt(blocks[name], BAD["unknown handler"])
    refused = load(caddy.admin, blocks)
    assert sorted(refused) == ["site30.test", "site7.test"]
    assert all("nonsense" in reason for reason in refused.values())
    assert sorted(found(caddy.admin.read().config)) == sorted(set(blocks) - set(refused))


def test_what_a_refused_change_was_before_is_served_on(caddy: Caddy, shop: str) -> None:
    serve_all(caddy, internal("shop.test", shop))
    bad = spoilt(caddy.block(internal("shop.test", shop)), BAD["unknown handler"])
    assert "shop.test" in load(caddy.admin, {"shop.test": bad})
    assert caddy.get("shop.test").status == 200


def test_trouble_that_is_not_a_vhosts_is_told_as_such(caddy: Caddy, shop: str) -> None:
    """A port that another program has, for example: then no vhost is to blame."""
    before = caddy.admin.read()
    moved = deepcopy(before.config)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        moved["apps"]["http"]["http_port"] = other.getsockname()[1]
        blocks = caddy.blocks(internal("a.test", shop), internal("b.test", shop))
        with pytest.raises(DriverError) as refused:
            load(Moved(caddy, moved), blocks)
    assert refused.value.code == "proxy_refused"
    assert "address already in use" in refused.value.message


class Moved(Admin):
    """An admin client that reads a configuration with another port in it."""

    def __init__(self, caddy: Caddy, config: Any) -> None:
        super().__init__(caddy.send, host="it", origin=caddy.origin)
        self._config = config

    def read(self) -> Loaded:
        return Loaded(self._config, super().read().etag)


# -- the process ------------------------------------------------------------------------------


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
