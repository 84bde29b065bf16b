from __future__ import annotations

from typing import Any

import pytest
import typer

from provisioning.management.naming import container_named, host_named
from provisioning.management.ssh_address import parse_ssh
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


def test_hosts_by_name_or_id() -> None:
    web, number = make_host("web1"), make_host("77")
    assert host_named("WEB1") == host_named(str(web.pk)) == web
    assert host_named("77") == number
    for name in ("", "web", "9" * 30, "\u0661"):
        with pytest.raises(typer.BadParameter, match="There is no host"):
            host_named(name)


def test_containers_by_name_host_id_or_docker_id() -> None:
    web1, web2 = make_host("web1"), make_host("web2")
    one = make_container(web1, "shop", docker_id="abcdef" + "0" * 58)
    two = make_container(web2, "blog", docker_id="abcdff" + "0" * 58)
    by_id = f"{web1.pk}/shop"
    for name in ("shop", "web1/shop", "WEB1/shop", by_id, str(one.pk), "abcdef", "abcdef000"):
        assert container_named(name) == one
    assert container_named("web2/abcdff") == two
    for name in ("web2/shop", "nothing", "abcde", "", "%", "nowhere/shop"):
        with pytest.raises(typer.BadParameter, match="There is no"):
            container_named(name)


def test_a_name_that_several_have_is_answered_with_all_of_them() -> None:
    one = make_container(make_host("web1"), "shop")
    two = make_container(make_host("web2"), "shop")
    with pytest.raises(typer.BadParameter) as caught:
        container_named("shop")
    words = str(caught.value)
    assert f"web1/shop (id {one.pk})" in words and f"web2/shop (id {two.pk})" in words
    assert container_named("web2/shop") == two


def test_a_container_s_name_goes_before_another_one_s_id() -> None:
    host = make_host()
    other = make_container(host, "other")
    named = make_container(host, str(other.pk))
    assert container_named(str(other.pk)) == named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("root@web1", ("root", "web1", 22)),
        ("deploy@192.0.2.7:2222", ("deploy", "192.0.2.7", 2222)),
        ("a@[2001:db8::1]", ("a", "2001:db8::1", 22)),
        ("a@[::1]:2222", ("a", "0::1", 2222)),
    ],
)
def test_ssh_addresses(text: str, expected: tuple[Any, ...]) -> None:
    found = parse_ssh(text)
    assert (found["username"], found["address"], found["port"]) == expected


@pytest.mark.parametrize(
    "text", ["web1", "@web1", "root@", "root@web1:", "root@web1:x", "root@2001:db8::1", "a@b@c:1:2",
             "root@[web1]", "root@[::1", "root@web1:123456", "root @web1"]
)  # fmt: skip
def test_what_is_no_ssh_address(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="USER@ADDR"):
        parse_ssh(text)
