"""Where backups of a site lie, from a pattern; and that no name leads anywhere else."""

from __future__ import annotations

import pytest

from provisioning.backups.pattern import BadPattern, Names, NoPlace, check, place

SHOP = {"site": "shop", "project": "shop_1", "tenant": "acme", "host": "web1", "domain": "a.test"}


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("", "{site}/*"), (" /{site}/*/ ", "{site}/*"), ("{host}/{site}/*.tar.gz",) * 2,
        ("{site}-*",) * 2, ("daily/{project}_*.sql.*",) * 2,
    ],
)  # fmt: skip
def test_patterns_that_can_be_used(pattern: str, kept: str) -> None:
    assert check(pattern) == kept


@pytest.mark.parametrize(
    "pattern",
    ["{site}", "*", "*/{site}-*", "{site}/../*", "{site}//*", "{site/*", "site}/*", "{name}/*",
     "{site}/" + "*a" * 5, "x" * 200 + "{site}/*", "./{site}/*", "{}/*",
     "{site}\x00/*"],
)  # fmt: skip
def test_patterns_that_cannot(pattern: str) -> None:
    with pytest.raises(BadPattern):
        check(pattern)


def test_the_place_of_a_site() -> None:
    found = place("{tenant}/{host}-{project}/{site}-*.tar.gz", SHOP)
    assert found.folder == (b"acme", b"web1-shop_1")
    assert found.names == Names((b"shop-", b".tar.gz"))
    assert place("{domain}/*", SHOP).folder == (b"a.test",)
    assert place("{site}-*", SHOP).folder == ()


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "../../etc", "a\0b", "/etc"])
def test_a_site_called_so_has_no_place(name: str) -> None:
    with pytest.raises(NoPlace):
        place("{site}/*", {"site": name})


def test_a_star_in_a_name_is_a_star() -> None:
    names = place("{site}-*", {"site": "a*b"}).names
    assert names.fit(b"a*b-1") and not names.fit(b"axb-1")


@pytest.mark.parametrize(
    ("texts", "name", "fits"),
    [
        ((b"", b""), b"anything", True), ((b"shop-", b""), b"shop-1", True),
        ((b"shop-", b""), b"shop", False), ((b"ab", b"bc"), b"abc", False),
        ((b"a", b"x", b"b"), b"a1x2b", True), ((b"a", b"x", b"b"), b"a12b", False),
        ((b"", b".tar", b".gz"), b"s.tar.gz", True), ((b"", b"aa", b"a"), b"aa", False),
    ],
)  # fmt: skip
def test_names(texts: tuple[bytes, ...], name: bytes, fits: bool) -> None:
    assert Names(texts).fit(name) is fits
