"""Loading, with a Caddy in memory; test_caddy_real.py has a real one."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.drivers.caddy_admin import Admin
from provisioning.drivers.caddy_config import found, is_edited
from provisioning.drivers.caddy_fake import FakeAnswer, FakeCaddy
from provisioning.drivers.caddy_load import MAX_ATTEMPTS, load, reload
from provisioning.drivers.caddy_vhost import Block, Vhost, block
from provisioning.drivers.errors import DriverError


@pytest.fixture
def caddy() -> FakeCaddy:
    return FakeCaddy({"admin": {"listen": ":2019"}})


@pytest.fixture
def admin(caddy: FakeCaddy) -> Admin:
    return Admin(caddy, host="web1")


def blocks(*names: str) -> dict[str, Block]:
    return {name: block(Vhost(name, "s.web")) for name in names}


def names(caddy: FakeCaddy) -> list[str]:
    return sorted(found(caddy.config or {}))


def test_all_at_once(admin: Admin, caddy: FakeCaddy) -> None:
    assert load(admin, blocks("a.test", "b.test")) == {}
    assert names(caddy) == ["a.test", "b.test"] and len(caddy.loads) == 1


def test_what_is_there_already_is_not_loaded_again(admin: Admin, caddy: FakeCaddy) -> None:
    load(admin, blocks("a.test"))
    load(admin, blocks("a.test"))
    assert len(caddy.loads) == 1


def test_a_name_goes_and_the_others_stay(admin: Admin, caddy: FakeCaddy) -> None:
    load(admin, blocks("a.test", "b.test"))
    assert load(admin, {"a.test": None}) == {}
    assert names(caddy) == ["b.test"]


@pytest.mark.parametrize("bad", [["n0.test"], ["n99.test"], ["n3.test", "n4.test", "n77.test"]])
def test_only_the_bad_ones_stay_out_and_nothing_served_is_taken_away(
    admin: Admin, caddy: FakeCaddy, bad: list[str]
) -> None:
    wanted = blocks(*(f"n{number}.test" for number in range(100)))
    caddy.refuse = lambda config: f"{bad[0]} is bad" if set(bad) & set(found(config)) else ""
    assert sorted(load(admin, wanted)) == bad
    assert names(caddy) == sorted(set(wanted) - set(bad))
    served: set[str] = set()
    for config in caddy.loads:
        assert served <= set(found(config))
        served = set(found(config))
    assert len(caddy.loads) < 40


def test_two_that_only_together_are_bad(admin: Admin, caddy: FakeCaddy) -> None:
    caddy.refuse = lambda config: "both" if {"a.test", "b.test"} <= set(found(config)) else ""
    assert list(load(admin, blocks("a.test", "b.test", "c.test"))) == ["b.test"]
    assert names(caddy) == ["a.test", "c.test"]


def test_what_is_not_a_vhosts_fault_is_raised(admin: Admin, caddy: FakeCaddy) -> None:
    caddy.refuse = lambda config: "address already in use"
    with pytest.raises(DriverError, match="web1.*address already in use"):
        load(admin, blocks("a.test", "b.test"))
    assert caddy.loads == []


def test_somebody_who_was_faster_loses_nothing(admin: Admin, caddy: FakeCaddy) -> None:
    caddy.meanwhile = lambda: load(admin, blocks("theirs.test"))
    load(admin, blocks("a.test"))
    assert names(caddy) == ["a.test", "theirs.test"] and not is_edited(caddy.config or {})


def test_it_ends_even_if_somebody_is_always_faster(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.drivers.caddy_load._PAUSE_S", 0)
    tried = []

    def refused(*args: Any, **given: Any) -> None:
        tried.append(1)
        raise DriverError("somebody else", "proxy_changed")

    monkeypatch.setattr(admin, "replace", refused)
    with pytest.raises(DriverError):
        load(admin, blocks("a.test"))
    assert len(tried) == MAX_ATTEMPTS


def test_an_answer_that_got_lost_is_looked_for(admin: Admin, caddy: FakeCaddy) -> None:
    """The load that broke the connection off was our own."""
    replace, lost = admin.replace, [1]

    def broken(config: Any, **given: Any) -> None:
        replace(config, **given)
        if lost:
            lost.pop()
            raise DriverError("the connection broke", "link_lost")

    admin.replace = broken  # type: ignore[method-assign]
    assert load(admin, blocks("a.test")) == {}
    assert len(caddy.loads) == 1


def test_allow_is_asked_about_each_configuration_that_would_go(
    admin: Admin, caddy: FakeCaddy
) -> None:
    def refuse(config: Any) -> None:
        if "theirs.test" in found(config):
            raise DriverError("no", "conflict")

    caddy.meanwhile = lambda: load(admin, blocks("theirs.test"))
    with pytest.raises(DriverError, match="no"):
        load(admin, blocks("a.test"), allow=refuse)
    assert names(caddy) == ["theirs.test"]


def test_a_reload_is_forced(admin: Admin, caddy: FakeCaddy) -> None:
    reload(admin)
    assert caddy.forced == 1 and caddy.config == {"admin": {"listen": ":2019"}}


# -- what answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", "garbage"),
        (200, b"[1]", "garbage"),
        (200, b"[" * 100_000, "garbage"),
        (403, b'{"error": "origin"}', "proxy_denied"),
        (502, b"", "proxy_down"),
        (404, b"nothing here", "proxy_down"),
    ],
)
def test_what_is_no_caddy_is_told_as_such(status: int, body: bytes, code: str) -> None:
    admin = Admin(lambda *args, **given: FakeAnswer(status, {}, body), host="web1")
    with pytest.raises(DriverError) as error:
        admin.read()
    assert error.value.code == code and "web1" in error.value.message and error.value.advice


def test_a_caddy_without_a_configuration() -> None:
    caddy = FakeCaddy(None)
    assert Admin(caddy, host="web1").read().config == {}
    assert load(Admin(caddy, host="web1"), blocks("a.test")) == {}


def test_the_word_that_lets_us_in_goes_along() -> None:
    caddy = FakeCaddy({}, origin="http://word")
    assert Admin(caddy, host="web1", origin="http://word").read().config == {}
    with pytest.raises(DriverError) as error:
        Admin(caddy, host="web1").read()
    assert error.value.code == "proxy_denied"


def test_what_caddy_says_is_cut() -> None:
    admin = Admin(lambda *args, **given: FakeAnswer(400, {}, b'{"error": "%s"}' % (b"x" * 9999)), host="w")  # fmt: skip  # noqa: E501
    with pytest.raises(DriverError) as error:
        admin.replace({}, etag="")
    assert len(error.value.message) < 700
