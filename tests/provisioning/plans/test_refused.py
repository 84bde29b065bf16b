"""What is refused before a host is asked: files of others, and names that are not to be had."""

from __future__ import annotations

import pytest

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.operations.contract import VerbError
from provisioning.plans.asking import plan_release
from provisioning.plans.elsewhere import nowhere
from provisioning.plans.sources import problems
from sites.models import Domain, Site
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_release, make_site


def web(text: str) -> str:
    return f"services:\n  web:\n    image: nginx:1.28\n    {text}\n"


@pytest.mark.parametrize(
    "text",
    [
        web("env_file: /etc/shadow"),
        web("env_file: ../other/.env"),
        web("env_file: [.env, /etc/shadow]"),
        web("env_file: [{path: /etc/shadow, required: false}]"),
        web("env_file: ${WHERE}"),
        web("env_file: ~/secrets"),
        web("env_file: [1]"),
        web("label_file: /etc/shadow"),
        web("extends: {file: /srv/other/compose.yml, service: web}"),
        "include: [/srv/other/compose.yml]\n" + web("restart: always"),
    ],
)
def test_files_of_others_are_in_the_way(text: str) -> None:
    assert [one.code for one in problems(text)] == ["file_elsewhere"]


@pytest.mark.parametrize(
    "text",
    [
        web("env_file: .env"),
        web("env_file: [.env, env/web.env]"),
        web("extends: {service: base}"),
        web("restart: always"),
        "services: [",
        "- 1",
        "services: nothing",
    ],
)
def test_its_own_files_and_what_compose_refuses_itself_are_not(text: str) -> None:
    assert not list(problems(text))


@pytest.mark.django_db
def test_compose_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(make_host())
    release = make_release(site, compose=web("env_file: /etc/shadow"))
    monkeypatch.setattr("provisioning.plans.asking.read_found", lambda *given: pytest.fail("asked"))
    with pytest.raises(VerbError) as caught:
        plan_release("site.release", release, driver=FakeHost())
    assert caught.value.code == "file_elsewhere"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told", [{"name": "siteflow-proxy"}, {"name": "shop", "tenant": "siteflow"}]
)
def test_no_site_takes_the_place_of_the_proxy(told: dict[str, str]) -> None:
    with pytest.raises(VerbError) as caught:
        engine.start(
            "host.add-site", make_host(), actor=COMMAND, params={"template": "static", **told}
        )
    assert caught.value.code == "name_taken"
    assert not Site.objects.exists()


@pytest.mark.django_db
def test_a_domain_that_leads_to_no_service_is_in_the_way() -> None:
    site = make_site(make_host(), domain="shop.example.test")
    assert not list(nowhere(site, ["web"])), "without a service of its own it means the web service"
    routes = [{"path": "/api/", "service": "api", "port": 80}]
    Domain.objects.update(routes=routes, service="web")
    assert not list(nowhere(site, ["web", "api"]))
    assert [one.message.split(",")[0] for one in nowhere(site, ["front"])] == [
        "shop.example.test leads to api",
        "shop.example.test leads to web",
    ]
    Domain.objects.update(kind="redirect")
    assert not list(nowhere(site, ["front"])), "it only sends visitors on"
