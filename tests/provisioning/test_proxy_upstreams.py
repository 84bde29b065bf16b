"""Which container of a site the proxy asks, and at which port."""

from __future__ import annotations

from provisioning.proxy.upstreams import Upstream, detected_port, dial
from tests.provisioning.proxy_world import container


def test_the_running_container_of_the_service() -> None:
    there = [container("shop-db-1", service="db", ports=(5432,)), container("shop-web-1")]
    assert dial(Upstream("shop", "web"), there) == "shop-web-1:8080"
    assert dial(Upstream("shop", "db", 99), there) == "shop-db-1:99"
    assert dial(Upstream("shop"), there) == "shop-web-1:8080"
    assert dial(Upstream("other"), there) is None
    assert dial(Upstream("shop", "web"), [container("shop-web-1", state="exited")]) is None


def test_the_present_one_stays_while_it_runs() -> None:
    there = [container("shop-web-1"), container("shop-web-2")]
    assert dial(Upstream("shop"), there, current="shop-web-2:8080") == "shop-web-2:8080"
    assert dial(Upstream("shop"), there, current="shop-web-9:8080") == "shop-web-1:8080"
    assert dial(Upstream("shop"), there[1:], current="shop-web-1:8080") == "shop-web-2:8080"


def test_a_web_service_of_another_name_is_the_only_one_with_a_port() -> None:
    there = [container("shop-site-1", service="site"), container("x-1", service="job", ports=())]
    assert dial(Upstream("shop"), there) == "shop-site-1:8080"
    assert dial(Upstream("shop"), [*there, container("y-1", service="api")]) is None


def test_the_likeliest_port() -> None:
    assert detected_port(container("a-1", ports=(9000, 443, 80))) == 80
    assert detected_port(container("a-1", ports=(9001, 9000))) == 9000
    assert detected_port(container("a-1", ports=())) is None


def test_a_name_that_could_be_more_than_a_name_is_none() -> None:
    assert dial(Upstream("shop"), [container("{env.HOME}-1")]) is None
