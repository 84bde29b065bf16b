from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioning.drivers.caddy_check import is_dial, is_name, is_path, is_user, problem
from provisioning.drivers.caddy_vhost import Route, Vhost

HASH = "$2b$12$" + "a" * 53
GOOD = Vhost("shop.test", "shop.web", (Route("/api/", "shop.api"),), basic_auth=(("carol", HASH),))


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert problem(GOOD) == ""
    assert problem(Vhost("xn--bcher-kva.test", redirect_to="https://shop.test:8443")) == ""


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "shop"},
        {"name": "Shop.test"},
        {"name": "shop.test."},
        {"name": "*.shop.test"},
        {"name": "192.0.2.1"},
        {"name": "bücher.test"},
        {"name": "a..test"},
        {"name": "-a.test"},
        {"name": "a_b.test"},
        {"name": "{env.HOME}.test"},
        {"name": "shop.test\n"},
        {"name": "shop.test:443"},
        {"name": f"{'a' * 64}.test"},
        {"name": ".".join(["a" * 60] * 5)},
        {"upstream": "../secret"},
        {"upstream": "a/b"},
        {"upstream": "{env.HOME}"},
        {"upstream": ".hidden"},
        {"routes": (Route("api/", "s.a"),)},
        {"routes": (Route("/api/*", "s.a"),)},
        {"routes": (Route("/{env.HOME}", "s.a"),)},
        {"routes": (Route("//a", "s.a"),)},
        {"routes": (Route("/a/../b", "s.a"),)},
        {"routes": (Route("/a%2fb", "s.a"),)},
        {"routes": (Route("/a", ""),)},
        {"routes": (Route("/a", "s.a"), Route("/a", "s.b"))},
        {"routes": tuple(Route(f"/{number}", "s.a") for number in range(51))},
        {"redirect_to": "shop.test"},
        {"redirect_to": "https://shop.test/path"},
        {"redirect_to": "https://{http.request.host}"},
        {"redirect_to": "javascript:alert(1)"},
        {"redirect_to": "https://shop.test", "name": "shop.test"},
        {"basic_auth": (("carol", "plain text"),)},
        {"basic_auth": (("carol", HASH + "\n"),)},
        {"basic_auth": (("car:ol", HASH),)},
        {"basic_auth": (("{env.HOME}", HASH),)},
        {"basic_auth": (("carol", HASH), ("carol", HASH))},
        {"basic_auth": (("", HASH),)},
        {"tls": "maybe"},
    ],
)
def test_each_of_these_is_wrong(values: dict[str, Any]) -> None:
    said = problem(replace(GOOD, **values))
    assert said and "plain text" not in said


def test_the_parts() -> None:
    assert is_name("a.b") and is_path("/") and is_user("a@b.test")
    assert is_dial("shop-web-1:8080") and is_dial("a.b_c:65535")
    for text in ("shop:0", "shop:65536", "shop", ":80", "a b:80", "{x}:80", "a:80-90", "a/b:80"):
        assert not is_dial(text)
