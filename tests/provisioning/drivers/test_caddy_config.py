"""What is ours in Caddy's configuration, and that what is others' stays as it is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.drivers.caddy_config import (
    digest,
    found,
    is_edited,
    mark_of,
    merged,
    ours,
    without_ours,
)
from provisioning.drivers.caddy_vhost import Block, Vhost, block

FIRST = {"admin": {"listen": ":2019"}, "logging": {"logs": {"default": {"level": "INFO"}}}}


def blocks(*names: str, **values: Any) -> dict[str, Block]:
    return {name: block(Vhost(name, "s.web", **{"tls": "internal", **values})) for name in names}


def theirs() -> dict[str, Any]:
    """A Caddyfile's result: a server of its own on 443, and a policy for all names."""
    route = {"match": [{"host": ["theirs.test"]}], "handle": [{"handler": "static_response"}]}
    server = {"listen": [":443"], "routes": [route]}
    policies = [{"issuers": [{"module": "acme"}]}]
    return {
        "apps": {
            "http": {"servers": {"srv0": server}},
            "tls": {"automation": {"policies": policies}},
        }
    }


def test_what_was_put_in_is_found_again() -> None:
    wanted = blocks("a.test", "b.test") | blocks("p.test", tls="off") | blocks("q.test", tls="acme")
    config = merged(FIRST, wanted)
    assert {name: one.block for name, one in found(config).items()} == wanted
    assert not any(one.is_edited for one in found(config).values())
    assert not is_edited(config)


def test_the_same_again_is_the_same() -> None:
    config = merged(FIRST, blocks("a.test", "b.test"))
    assert merged(config, blocks("b.test", "a.test")) == config


def test_it_is_as_if_others_had_never_been_there() -> None:
    before = blocks("a.test", "b.test")
    assert merged(merged(FIRST, before), blocks("c.test")) == merged(FIRST, blocks("c.test"))
    assert without_ours(merged(FIRST, before)) == FIRST


def test_every_server_of_ours_ends_with_an_answer_to_unknown_names() -> None:
    servers = merged({}, blocks("a.test"))["apps"]["http"]["servers"]
    assert sorted(servers) == ["siteflow_http", "siteflow_https"]
    for server in servers.values():
        assert server["routes"][-1]["handle"][0]["status_code"] == 404
        assert "match" not in server["routes"][-1]


def test_two_ids_are_never_the_same() -> None:
    """Caddy refuses a configuration in which they are."""
    seen: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            seen.extend([value["@id"]] if "@id" in value else [])
        for one in value.values() if isinstance(value, dict) else value:
            if isinstance(one, dict | list):
                walk(one)

    walk(merged(theirs(), blocks("a.test", "b.test") | blocks("p.test", tls="off")))
    assert len(seen) == len(set(seen)) > 8


def test_a_server_that_has_the_port_takes_our_routes_first() -> None:
    config = merged(theirs(), blocks("a.test") | blocks("p.test", tls="off"))
    servers = config["apps"]["http"]["servers"]
    hosts = [route["match"][0]["host"] for route in servers["srv0"]["routes"]]
    assert hosts == [["a.test"], ["theirs.test"]]
    assert sorted(servers) == ["siteflow_http", "srv0"]
    assert without_ours(config) == theirs()


def test_our_certificates_come_before_what_is_for_all_names() -> None:
    policies = merged(theirs(), blocks("a.test"))["apps"]["tls"]["automation"]["policies"]
    assert [one.get("subjects") for one in policies] == [["a.test"], None]


@pytest.mark.parametrize(
    "listen",
    [[":8443"], ["tcp/:8443"], ["[::]:8443"], ["0.0.0.0:8440-8450"], ["unix//x", "127.0.0.1:8443"]],
)
def test_another_port_is_caddys_own_word(listen: list[str]) -> None:
    config = {"apps": {"http": {"https_port": 8443, "servers": {"srv0": {"listen": listen}}}}}
    servers = merged(config, blocks("a.test"))["apps"]["http"]["servers"]
    assert len(servers["srv0"]["routes"]) == 1


# -- by hand ----------------------------------------------------------------------------------


def hand_edited() -> dict[str, Any]:
    config = merged(FIRST, blocks("a.test", "b.test"))
    routes = config["apps"]["http"]["servers"]["siteflow_https"]["routes"]
    routes[0]["handle"].insert(0, {"handler": "headers"})
    return config


def test_a_vhost_that_somebody_changed_shows() -> None:
    config = hand_edited()
    assert is_edited(config)
    assert [name for name, one in found(config).items() if one.is_edited] == ["a.test"]


def test_a_vhost_that_somebody_removed_shows() -> None:
    config = merged(FIRST, blocks("a.test", "b.test"))
    del config["apps"]["http"]["servers"]["siteflow_https"]["routes"][0]
    assert is_edited(config)


def test_a_log_that_somebody_removed_shows() -> None:
    config = merged(FIRST, blocks("a.test"))
    del config["logging"]["logs"]["siteflow_a.test"]
    assert is_edited(config)
    assert found(config)["a.test"].is_edited


def test_what_others_change_of_their_own_is_no_edit() -> None:
    config = merged(theirs(), blocks("a.test"))
    config["apps"]["http"]["servers"]["srv0"]["routes"].append({"handle": []})
    config["admin"] = {"listen": ":2020"}
    assert not is_edited(config)


def test_where_all_of_ours_is_gone_nothing_can_be_lost() -> None:
    assert not is_edited(without_ours(hand_edited()))
    assert not is_edited({})


def test_an_edit_stays_and_goes_on_to_show_when_another_vhost_changes() -> None:
    edited = hand_edited()
    kept = {name: one.block for name, one in found(edited).items()}
    config = merged(edited, kept | blocks("b.test", access_log=False) | blocks("c.test"))
    assert is_edited(config)
    assert [name for name, one in found(config).items() if one.is_edited] == ["a.test"]
    assert mark_of(config) == mark_of(edited)


def test_a_route_that_somebody_put_into_our_server_stays_too() -> None:
    config = merged(FIRST, blocks("a.test"))
    extra = {"match": [{"host": ["by-hand.test"]}], "handle": []}
    config["apps"]["http"]["servers"]["siteflow_https"]["routes"].insert(0, extra)
    after = merged(config, blocks("a.test", "b.test"))
    routes = after["apps"]["http"]["servers"]["siteflow_https"]["routes"]
    assert extra in routes[:-1] and is_edited(after)


def test_clean_takes_back_all_of_it() -> None:
    wanted = blocks("a.test", "b.test")
    assert merged(hand_edited(), wanted, clean=True) == merged(FIRST, wanted)


# -- whatever is there ------------------------------------------------------------------------

TEXT = st.sampled_from(["listen", "routes", "servers", "http", "@id", "siteflow:route:x", ":443"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 500) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "apps": st.fixed_dictionaries(
            {},
            optional={
                "http": st.fixed_dictionaries({}, optional={"servers": JSON, "https_port": JSON}),
                "tls": st.fixed_dictionaries({}, optional={"automation": JSON}),
            },
        ),
        "logging": JSON,
        "admin": JSON,
    },
)


@given(PARTS)
def test_no_configuration_is_too_odd_to_be_read(config: dict[str, Any]) -> None:
    found(config)
    ours(config)
    assert isinstance(is_edited(config), bool)


OBJECTS = st.dictionaries(TEXT, st.dictionaries(TEXT, JSON, max_size=3), max_size=3)
HTTP = st.fixed_dictionaries({}, optional={"servers": OBJECTS, "https_port": st.just(8443)})
AUTOMATION = st.fixed_dictionaries({}, optional={"policies": st.lists(JSON, max_size=3)})
# Of the shape that Caddy itself asks for, as it would not run anything else.
WHOLE = st.fixed_dictionaries(
    {},
    optional={
        "apps": st.fixed_dictionaries(
            {},
            optional={"http": HTTP, "tls": st.fixed_dictionaries({"automation": AUTOMATION})},
        ),
        "logging": st.fixed_dictionaries({}, optional={"logs": OBJECTS}),
        "admin": JSON,
    },
)


@given(WHOLE)
def test_what_is_others_is_never_touched(config: dict[str, Any]) -> None:
    before = deepcopy(config)
    after = merged(config, blocks("a.test"), clean=True)
    assert config == before
    assert found(after)["a.test"].block == blocks("a.test")["a.test"]
    assert not is_edited(after)
    assert without_ours(after) == without_ours(config)


def test_a_digest_does_not_depend_on_the_order() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
