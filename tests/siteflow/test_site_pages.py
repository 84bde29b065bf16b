"""What only the pages of sites, domains and proxies say."""

from __future__ import annotations

from typing import Any

from provisioning.plans.shape import Action, Change
from siteflow.templatetags.site_pages import certificate, folded, route_lines, sync_lines


def changed(*names: str, action: Action = "create") -> list[Change]:
    return [Change("file", action, name) for name in names]


def test_many_files_of_a_build_are_one_line_where_the_first_of_them_stood() -> None:
    build = changed(*(f"build/{n}" for n in range(4)))
    before, after = changed("compose.yml"), changed(".env")
    assert folded([*before, *build[:2], *after, *build[2:]]) == [before, build, after]


def test_few_files_of_a_build_stand_by_themselves() -> None:
    build = changed("build/Dockerfile", "build/a", "build/b")
    assert folded(build) == [[one] for one in build]


def test_files_that_come_and_files_that_go_are_not_folded_together() -> None:
    come = changed(*(f"build/{n}" for n in range(4)))
    go = changed(*(f"build/{n}" for n in range(4, 9)), action="remove")
    assert folded([*come, *go]) == [come, go]


def test_only_files_are_folded() -> None:
    folders = [Change("folder", "create", f"build/{n}") for n in range(6)]
    assert folded(folders) == [[one] for one in folders]


def test_a_line_of_a_proxys_plan_is_told_by_its_sign_however_far_it_is_set_in() -> None:
    text = "~ shop.example.org\n    - to old\n    + to new\n! bad.example.org: no\nelse"
    kinds = [line["kind"] for line in sync_lines(text)]
    assert kinds == ["file", "old", "new", "old", ""]


def test_certificates_and_paths_in_words() -> None:
    assert certificate("internal") == "of the proxy"
    routes: list[dict[str, Any]] = [
        {"path": "/api/", "service": "backend", "port": 80},
        {"path": "/a", "service": "b", "port": None},
    ]
    assert route_lines(routes) == ["/api/=backend:80", "/a=b"]
