"""What is kept as a template can be read, names what it needs and keeps the rules of all sites."""

from __future__ import annotations

import time

import pytest
import yaml

from provisioning.site_templates.checking import check
from provisioning.site_templates.compose_text import parsed
from provisioning.site_templates.drafts import draft_model
from provisioning.site_templates.library import shipped
from provisioning.site_templates.shape import Template, TemplateError, manifest_of
from tests.provisioning.site_templates.things import COMPOSE, MANIFEST, manifest

ALL = list(shipped().values())
LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)
)
ONE = "services: {web: {image: 'nginx:1'}}\n"


def refused(compose: str) -> TemplateError:
    with pytest.raises(TemplateError) as found:
        check(MANIFEST, {"compose.yml": compose})
    return found.value


def test_what_fits_is_taken() -> None:
    found, notes = check(MANIFEST, {"compose.yml": COMPOSE})
    assert found.web_service == "web"
    assert notes == []


@pytest.mark.parametrize("template", ALL, ids=[each.id for each in ALL])
def test_what_comes_along_would_be_taken_too(template: Template) -> None:
    compose = parsed(template.compose)
    model = draft_model(compose, template.manifest)
    assert set(model["services"]) == set(compose["services"])
    told = template.manifest.shown()
    small = {path: text for path, text in template.files.items() if not path.endswith("lock.json")}
    assert check(told, small) == (template.manifest, [])


@pytest.mark.parametrize(
    ("compose", "words"),
    [
        ("", "there are no services"),
        ("- a", "there are no services"),
        ("services: {}", "no service web"),
        ("services: {web: nginx}", "each service is a mapping"),
        ("services: [", "line 1"),
        ("services: {web: {}, web: {}}", "stands there twice"),
        ("services: {web: !!python/object/apply:os.system [id]}", "could not determine"),
        (LAUGHS + ONE, "more than 20000"),
        (MERGES + ONE, "more than 20000"),
        ("a: &a {b: *a}\n" + ONE, "in itself"),
        ("[" * 5_000 + "]" * 5_000, "nested too deeply"),
        ("include: [other.yml]\n" + ONE, "reads no other file"),
        ("services: {web: {extends: {file: /etc/x.yml, service: a}}}", "reads no other file"),
        ("services: {web: {env_file: ../x}}", "reads no other file"),
        ("services: {other: {image: 'nginx:1'}}", "no service web"),
        (ONE + "x: ${NOBODY_SETS_IT}\n", "nothing sets NOBODY_SETS_IT"),
        (ONE + "x: $HOME\n", "nothing sets HOME"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(compose: str, words: str) -> None:
    began = time.process_time()
    error = refused(compose)
    assert words in error.message
    assert error.field in ("files", "web_service")
    assert time.process_time() - began < 3


def test_what_is_unsafe_is_refused_by_the_rules_of_all_sites() -> None:
    error = refused(COMPOSE.replace("    restart", "    privileged: true\n    restart"))
    assert error.code == "unsafe"
    assert "services.web" in error.message


def test_what_could_be_better_is_said() -> None:
    _, notes = check(MANIFEST, {"compose.yml": COMPOSE.replace("    mem_limit: 64m\n", "")})
    assert len(notes) == 1
    assert "memory" in notes[0]


def test_a_dollar_of_its_own_is_no_variable() -> None:
    check(MANIFEST, {"compose.yml": COMPOSE + "x-note: $$HOME $${NOT_ONE}\n"})


def test_too_much_text_is_refused() -> None:
    with pytest.raises(TemplateError, match="262144 characters"):
        check(MANIFEST, {"compose.yml": COMPOSE, "big": "x" * 262_144})


def test_a_draft_says_in_full_what_compose_files_say_in_short() -> None:
    text = """
services:
  web:
    image: nginx:1
    build: ./build
    environment: {A: "$SITE_TITLE", B: "${API_KEY:?needed}", C: "${WORKERS:-9}", D: "$$x"}
    volumes: ["./html:/html:ro", "db:/db", "/scratch", "~/x:/x", "../up:/up"]
    ports: ["80", "8080:80", "127.0.0.1:5432:5432/udp", "[::1]:1:2"]
    networks: [default, out]
    depends_on: [other]
  other: {}
networks: {out: {external: true}}
volumes: {db: , named: {name: "${COMPOSE_PROJECT_NAME}_x"}}
"""
    model = draft_model(yaml.safe_load(text), manifest_of(manifest()))
    web = model["services"]["web"]
    assert web["build"] == {"context": "/srv/draft/build"}
    assert web["environment"] == {"A": "Shop", "B": "x" * 40, "C": "2", "D": "$x"}
    assert [(one["type"], one.get("source"), one.get("read_only")) for one in web["volumes"]] == [
        ("bind", "/srv/draft/html", True),
        ("volume", "db", False),
        ("volume", None, None),
        ("bind", "~/x", False),
        ("bind", "/srv/up", False),
    ]
    assert [
        (p.get("host_ip"), p["published"], p["target"], p["protocol"]) for p in web["ports"]
    ] == [
        (None, "", 80, "tcp"),
        (None, "8080", 80, "tcp"),
        ("127.0.0.1", "5432", 5432, "udp"),
        ("::1", "1", 2, "tcp"),
    ]
    assert set(web["networks"]) == {"default", "out"}
    assert model["networks"]["out"] == {"name": "out", "external": True}
    assert model["volumes"] == {"db": {"name": "draft_db"}, "named": {"name": "draft_x"}}
