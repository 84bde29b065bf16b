"""One look at a NAS in memory: what counts as a backup, and when nothing can be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.backups import gathering
from provisioning.backups.looking import look
from provisioning.backups.pattern import place
from provisioning.backups.seen import Look, Root, Seen, Unfinished, Wanted
from provisioning.drivers.errors import DriverError
from tests.provisioning.backups.trees import NOW, ROOT, FakeNas, Tree, ago, seconds

TOP = ROOT.decode()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("provisioning.backups.clocks.timezone.now", lambda: NOW)
    yield


@pytest.fixture
def tree() -> Tree:
    return Tree()


def wanted(name: str = "shop", *, key: int = 1, pattern: str = "{site}/*", **before: Any) -> Wanted:
    return Wanted(key, place(pattern, {"site": name}), **before)


def looked(tree: Tree, *sites: Wanted, marker: str = "", had: set[int] = frozenset(),  # type: ignore[assignment]
           **nas: Any) -> Look:  # fmt: skip
    root = Root(TOP, marker, frozenset(had))
    return look(FakeNas(tree, **nas), root, sites or [wanted()])


def one(tree: Tree, *sites: Wanted, **values: Any) -> Seen:
    found = looked(tree, *sites, **values)
    assert not found.code, found
    return found.sites[0]


def test_the_newest_first_with_size_and_count(tree: Tree) -> None:
    tree.put("shop/b.tar", size=20, at=ago(hours=3))
    tree.put("shop/c.tar", size=30, at=ago(hours=1))
    tree.put("shop/a.tar", size=10, at=ago(hours=5))
    tree.put("blog/x.tar", at=ago(hours=1))
    seen = one(tree)
    assert [(one.name, one.size) for one in seen.kept] == [("c.tar", 30), ("b.tar", 20),
                                                          ("a.tar", 10)]  # fmt: skip
    assert (seen.count, seen.kept[0].at, seen.unfinished) == (3, NOW - timedelta(hours=1), ())


def test_dated_folders_count_with_all_that_is_in_them(tree: Tree) -> None:
    tree.put("shop/2026-11-27/db.sql", size=5, at=ago(hours=30))
    tree.put("shop/2026-11-27/files/a", size=7, at=ago(days=900))
    tree.put("shop/2026-11-26/db.sql", size=4, at=ago(days=900))
    newest, earlier = one(tree).kept
    assert (newest.name, newest.size, newest.at) == ("2026-11-27", 12, NOW - timedelta(hours=30))
    assert (earlier.size, earlier.at) == (4, datetime(2026, 11, 26, tzinfo=UTC))


def test_links_devices_and_what_the_nas_itself_puts_there_are_no_backups(tree: Tree) -> None:
    for name, kind in (("out", "link"), ("pipe", "other")):
        tree.put(f"shop/{name}", at=ago(hours=1), kind=kind)
    for name in (".hidden", "@eaDir", "lost+found", "x" * 256):
        tree.put(f"shop/{name}", at=ago(hours=1))
    assert one(tree) == Seen(1)


def test_a_link_for_a_folder_is_not_followed(tree: Tree) -> None:
    tree.put("shop", at=ago(hours=1), kind="link")
    tree.put("blog", at=ago(hours=1))
    found = looked(tree, wanted(), wanted("blog", key=2), wanted("none", key=3))
    assert [seen.error for seen in found.sites] == [
        "shop is a link, which is not followed", "blog is not a folder", "",
    ]  # fmt: skip


def test_hostile_names_are_kept_on_one_line(tree: Tree) -> None:
    tree.put(b"shop/a\n\x1b[31m<b>\xff\xe2\x80\xae", at=ago(hours=1))
    assert one(tree).kept[0].name == "a [31m<b>\ufffd"


def test_many_files_take_little_and_too_many_are_said(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        tree.put(f"shop/{number}", at=ago(hours=1, seconds=number))
    seen = one(tree)
    assert (seen.count, len(seen.kept), seen.kept[0].name) == (300, gathering.KEPT, "0")
    monkeypatch.setattr(gathering, "MAX_ENTRIES", 100)
    assert "more than 100 entries" in one(tree).error


def test_a_folder_with_too_much_in_it_has_no_size(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MAX_MEASURED", 3)
    for number in range(5):
        tree.put(f"shop/2026-11-28/{number}", at=ago(hours=1))
    assert one(tree).kept[0].size is None


def test_sites_in_one_folder_are_read_in_one_pass(tree: Tree) -> None:
    for name in ("shop-1", "shop-eu-1", "shop-eu-2", "other"):
        tree.put(name, at=ago(hours=1))
    sites = [wanted("shop", pattern="{site}-*"), wanted("shop-eu", key=2, pattern="{site}-*")]
    found = looked(tree, *sites)
    assert [(seen.site, seen.count) for seen in found.sites] == [(1, 1), (2, 2)]
    assert tree.asked.count(ROOT) == 2  # whether it is empty, and once for both


# -- half-written ones ---------------------------------------------------------------------------


def test_what_may_still_be_written_does_not_count(tree: Tree) -> None:
    tree.put("shop/old.tar", size=9, at=ago(hours=60))
    tree.put("shop/new.tar", size=5, at=ago(seconds=20))
    seen = one(tree)
    assert [one.name for one in seen.kept] == ["old.tar"] and seen.count == 1
    assert seen.unfinished == (Unfinished("new.tar", 5, ago(seconds=20), NOW),)


def test_what_has_not_changed_for_long_enough_counts_whatever_its_date(tree: Tree) -> None:
    """Its file says "just now" each time: the clock of the NAS is ahead, and nobody told."""
    ahead = seconds(NOW + timedelta(days=3))
    tree.put("shop/new.tar", size=5, at=ahead)
    waits = Unfinished("new.tar", 5, ahead, NOW - timedelta(minutes=3))
    seen = one(tree, wanted(unfinished=(waits,)))
    (kept,) = seen.kept
    assert (kept.at, kept.ahead, seen.unfinished) == (NOW, True, ())
    tree.put("shop/new.tar", size=6, at=ahead)
    assert one(tree, wanted(unfinished=(waits,))).kept == ()


def test_its_age_goes_on_from_when_it_was_first_seen(tree: Tree) -> None:
    tree.put("shop/new.tar", size=5, at=seconds(NOW + timedelta(days=3)))
    waits = Unfinished("new.tar", 5, seconds(NOW + timedelta(days=3)), NOW - timedelta(hours=1))
    first = one(tree, wanted(unfinished=(waits,))).kept[0]
    before = (first.__class__(**{**_values(first), "at": NOW - timedelta(hours=50)}),)
    assert one(tree, wanted(kept=before)).kept[0].at == NOW - timedelta(hours=50)


def _values(backup: Any) -> dict[str, Any]:
    return {name: getattr(backup, name) for name in backup.__slots__}


@pytest.mark.parametrize("name", ["new.tar.part", "new.tmp", "new~"])
def test_temporary_names_never_count(tree: Tree, name: str) -> None:
    tree.put(f"shop/{name}", size=5, at=ago(hours=1))
    seen = one(tree)
    assert (seen.count, seen.kept) == (0, ()) and seen.unfinished[0].name == name


def test_a_folder_in_which_something_is_written_does_not_count(tree: Tree) -> None:
    tree.put("shop/2026-11-27/db.sql", at=ago(hours=12))
    tree.put("shop/2026-11-28/db.sql", at=ago(seconds=5))
    tree.folders[ROOT + b"/shop/2026-11-28"] = ago(hours=1)
    seen = one(tree)
    assert [one.name for one in seen.kept] == ["2026-11-27"]
    assert seen.unfinished[0].name == "2026-11-28"


# -- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-5, 3])
def test_ages_are_told_by_our_clock(
    tree: Tree, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    now, skew = datetime.now(UTC), timedelta(hours=hours)
    tree.put("shop/a.tar", at=seconds(now + skew - timedelta(minutes=30)))
    found = looked(tree, skew=skew)
    (seen,) = found.sites
    assert found.skew and abs(found.skew - skew) < timedelta(seconds=30)
    age = datetime.now(UTC) - seen.kept[0].at
    assert timedelta(minutes=29) < age < timedelta(minutes=35)


def test_a_nas_without_a_shell_tells_no_time(tree: Tree) -> None:
    tree.put("shop/a.tar", at=ago(hours=1))
    assert looked(tree).skew is None


# -- when nothing can be told --------------------------------------------------------------------


def test_an_empty_folder_is_no_answer(tree: Tree) -> None:
    found = looked(tree)
    assert (found.code, found.sites) == ("folder_empty", [])
    tree.put("lost+found", at=ago(hours=1))
    assert looked(tree).code == "folder_empty"
    found = looked(tree, had={1})
    assert found.code == "unmounted" and "were backups before" in found.error


def test_with_a_marker_an_empty_folder_is_empty(tree: Tree) -> None:
    tree.put(".mounted", at=ago(hours=1))
    assert one(tree, marker=".mounted", had={1}) == Seen(1)


def test_without_its_marker_it_is_not_mounted(tree: Tree) -> None:
    tree.put("shop/a.tar", at=ago(hours=1))
    found = looked(tree, marker=".mounted")
    assert (found.code, found.sites) == ("unmounted", [])
    assert ".mounted is not in /volume1/backups" in found.error


def test_a_folder_that_is_gone_is_not_mounted(tree: Tree) -> None:
    tree.folders.clear()
    assert looked(tree).code == "unmounted"


def test_backups_of_all_sites_gone_at_once_are_not_believed(tree: Tree) -> None:
    tree.put("README", at=ago(hours=1))
    sites = (wanted(), wanted("blog", key=2))
    found = looked(tree, *sites, had={1, 2})
    assert (found.code, found.sites) == ("unmounted", [])
    assert not looked(tree, *sites, had={1}).code  # one alone may have been removed
    tree.put("blog/a.tar", at=ago(hours=1))
    assert not looked(tree, *sites, had={1, 2}).code


def test_a_folder_we_may_not_read_says_nothing_of_the_others(tree: Tree) -> None:
    tree.put("shop/a.tar", at=ago(hours=1))
    tree.put("blog/a.tar", at=ago(hours=1))
    tree.closed.add(ROOT + b"/shop")
    found = looked(tree, wanted(), wanted("blog", key=2))
    assert [(seen.count, bool(seen.error)) for seen in found.sites] == [(0, True), (1, False)]


def test_a_nas_that_is_not_reached_says_so(tree: Tree) -> None:
    nas = FakeNas(tree)
    nas.error = DriverError("nas: no answer", "timeout")
    found = look(nas, Root(TOP), [wanted()])
    assert (found.code, found.error, found.sites) == ("timeout", "nas: no answer", [])


def test_a_site_without_a_place_is_told_why(tree: Tree) -> None:
    tree.put("x", at=ago(hours=1))
    assert one(tree, Wanted(1, None, "It has no tenant.")).error == "It has no tenant."
