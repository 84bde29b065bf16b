"""A real Caddy: what one bad vhost does not do to the others."""

from __future__ import annotations

import socket
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import pytest

from provisioning.drivers.caddy_admin import Admin, Loaded
from provisioning.drivers.caddy_config import found, is_edited
from provisioning.drivers.caddy_load import load
from provisioning.drivers.caddy_vhost import Block
from provisioning.drivers.errors import DriverError
from tests.provisioning.drivers.caddy_process import Caddy
from tests.provisioning.drivers.caddy_real import (
    HASH,
    Load,
    _nothing_left,
    caddy,
    internal,
    serve_all,
    shop,
)

__all__ = ["_nothing_left", "caddy", "shop"]


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
