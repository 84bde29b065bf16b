"""One site's files and environment: nothing but the environment differs between sites."""

from __future__ import annotations

import re

import pytest

from provisioning.site_templates.library import shipped
from provisioning.site_templates.params import ParamError
from provisioning.site_templates.render import Rendered, new_secrets, rendered
from provisioning.site_templates.shape import TemplateError
from tests.provisioning.site_templates.things import COMPOSE, template

NASTY = "'\"; rm -rf / # ${API_KEY} {{x}} %s ü"


def _rendered(**params: object) -> Rendered:
    return rendered(
        template(params={"properties": {"site_title": {"type": "string", "default": "Shop"}}}),
        project="shop-1", domain="shop.example.org", environment="staging", params=params,
        secrets={"API_KEY": "k" * 40},
    )  # fmt: skip


def test_all_that_differs_is_in_the_environment() -> None:
    made = _rendered()
    assert made.compose == COMPOSE
    assert made.env == {
        "COMPOSE_PROJECT_NAME": "shop-1", "SITE_NAME": "shop-1",
        "SITE_DOMAIN": "shop.example.org", "SITE_URL": "https://shop.example.org",
        "SITE_ENVIRONMENT": "staging", "SITE_TITLE": "Shop", "API_KEY": "k" * 40,
    }  # fmt: skip
    assert set(made.files) == {"README.md", "build/Dockerfile"}
    assert made.secret_names == {"API_KEY"}


def test_no_value_becomes_part_of_a_file() -> None:
    made = _rendered(site_title=NASTY)
    assert made.env["SITE_TITLE"] == NASTY
    assert (made.compose, made.files) == (_rendered().compose, _rendered().files)


def test_nothing_secret_is_in_its_representation() -> None:
    assert "kkk" not in repr(_rendered())


def test_without_a_domain_there_is_no_address() -> None:
    made = rendered(
        template(), project="a", domain="", environment="", params={"open": False},
        secrets={"API_KEY": "k"},
    )  # fmt: skip
    assert (made.env["SITE_DOMAIN"], made.env["SITE_URL"]) == ("", "")
    assert (made.env["OPEN"], made.env["WORKERS"]) == ("false", "2")


def test_a_missing_secret_and_a_wrong_value_are_refused() -> None:
    with pytest.raises(TemplateError, match="API_KEY"):
        rendered(template(), project="a", domain="", environment="", params={}, secrets={})
    with pytest.raises(ParamError, match="workers"):
        rendered(
            template(), project="a", domain="", environment="", params={"workers": 99},
            secrets={"API_KEY": "k"},
        )  # fmt: skip


def test_secrets_are_new_each_time_and_need_no_quotes() -> None:
    one, other = new_secrets(shipped()["node"]), new_secrets(shipped()["node"])
    assert one.keys() == other.keys() == {"ADMIN_PASSWORD", "DB_PASSWORD", "PAYLOAD_SECRET"}
    assert not set(one.values()) & set(other.values())
    assert all(re.fullmatch(r"[A-Za-z0-9]{24,64}", value) for value in one.values())
