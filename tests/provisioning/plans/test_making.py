"""What a plan says of files that are to change under an image, and of links."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.plans.making import plan_of, rebuilt
from provisioning.plans.wanted import Wanted
from tests.provisioning.site_rows import nothing_there

FOLDER = "/srv/sites/shop"
SERVICES: dict[str, Any] = {
    "web": {"image": "shop-web:1", "build": {"context": f"{FOLDER}/build"}},
    "api": {"build": {"context": f"{FOLDER}/builder/"}},
    "db": {"image": "postgres:17"},
}


def wanted(**files: str) -> Wanted:
    return Wanted(project="shop", folder=FOLDER, compose="", env={}, files=files)


@pytest.mark.parametrize(
    ("name", "services"),
    [("build/Dockerfile", ["web"]), ("builder/x/y", ["api"]), ("notes.md", []), ("build", [])],
)
def test_an_image_is_built_anew_from_other_files(name: str, services: list[str]) -> None:
    model = {"name": "shop", "services": SERVICES}
    assert (
        rebuilt(wanted(**{name: "new"}), nothing_there(model=model, texts={name: b"old"}))
        == services
    )
    assert rebuilt(wanted(**{name: "new"}), nothing_there(model=model, texts={})) == services
    assert rebuilt(wanted(**{name: "new"}), nothing_there(model=model, texts={name: b"new"})) == []


def test_a_link_that_leads_out_is_in_the_way() -> None:
    path = f"{FOLDER}/data/x"
    plan = plan_of(
        "site.release", wanted(), nothing_there(model={"services": {}}, leading_out=(path,)),
        site="shop", host="web1",
    )  # fmt: skip
    assert ("path_outside", True) in [(one.code, one.blocking) for one in plan.problems]
    assert path in next(one.message for one in plan.problems if one.code == "path_outside")


@pytest.mark.parametrize(
    ("text", "reuse", "blocking"),
    [(b"", False, []), (b"other", False, [True]), (b"other", True, [False])],
)
def test_another_compose_file_is_in_the_way(text: bytes, reuse: bool, blocking: list[bool]) -> None:
    """One that is the same is its own, back from quarantine."""
    found = nothing_there(model={"name": "shop", "services": SERVICES}, texts={"compose.yml": text})
    plan = plan_of("site.provision", wanted(), found, site="shop", host="web1", reuse_volumes=reuse)
    assert [one.blocking for one in plan.problems if one.code == "folder_taken"] == blocking
