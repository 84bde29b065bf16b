"""Facts about the console's files: what the content security policy needs, and their size."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "siteflow" / "static" / "siteflow"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
SHEETS = sorted((STATIC / "css").glob("*.css"))
BUDGET_BYTES = 100_000
# Entry scripts of single pages; every page has app.js.
OF_PAGES = {
    "charts.js",
    "containers.js",
    "graph.js",
    "logs.js",
    "new-site.js",
    "operation-page.js",
    "passkey.js",
    "replay.js",
    "terminal.js",
    "watch.js",
}


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.S | re.M)


@pytest.mark.parametrize("path", TEMPLATES, ids=ids(TEMPLATES))
def test_templates_hold_no_script_and_no_style_of_their_own(path: Path) -> None:
    text = path.read_text()
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag, tag
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert "javascript:" not in text
    assert "|safe" not in text
    assert "autoescape off" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=ids(SCRIPTS))
def test_scripts_never_turn_text_into_markup(path: Path) -> None:
    text = without_comments(path.read_text())
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|setAttribute\(\s*[\"']on|\.on[a-z]+\s*=|setTimeout\(\s*[\"']|createContextualFragment"
    )
    assert not re.search(forbidden, text)


@pytest.mark.parametrize("path", SCRIPTS, ids=ids(SCRIPTS))
def test_what_a_script_imports_is_there(path: Path) -> None:
    text = path.read_text()
    for name in re.findall(r"from \"\./([\w-]+\.js)\"", text):
        assert (STATIC / "js" / name).is_file(), name
        exported = set(
            re.findall(
                r"export (?:async )?(?:function|const|class) (\w+)",
                (STATIC / "js" / name).read_text(),
            )
        )
        wanted = re.search(rf"import \{{([^}}]*)\}} from \"\./{re.escape(name)}\"", text)
        assert wanted, f"{name}: import by name, so that a test can follow it"
        assert {one.strip() for one in wanted[1].split(",") if one.strip()} <= exported, name


def test_scripts_do_not_import_each_other_in_a_circle() -> None:
    """Their names hold hashes of their content, imports included: a circle has no beginning."""
    imports = {
        path.name: set(re.findall(r"from \"\./([\w-]+\.js)\"", path.read_text()))
        for path in SCRIPTS
    }
    while free := {name for name, needed in imports.items() if not needed & imports.keys()}:
        for name in free:
            del imports[name]
    assert imports == {}


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = set()
    for path in TEMPLATES:
        named |= set(re.findall(r"{% icon \"([\w-]+)\" %}", path.read_text()))
    for path in SCRIPTS:
        named |= set(re.findall(r"\bicon\(\"([\w-]+)\"\)", path.read_text()))
    assert named <= drawn, named - drawn


def test_every_verb_and_menu_line_has_its_icon() -> None:
    from provisioning.operations import VERBS
    from siteflow.console import MENU

    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    in_forms = {
        "add", "change", "restart-service", "generate-key", "add-site", "create", "domain-add",
        "set-password", "remove-password", "nas-set",
    }  # fmt: skip
    assert {verb.name for verb in VERBS.values()} - in_forms <= drawn
    assert {item.icon for item in MENU} <= drawn


def test_a_page_s_own_files_are_small_enough() -> None:
    """All sheets and all scripts together, as if one page needed every one of them."""
    files = [*SHEETS, *SCRIPTS, STATIC / "icons.svg"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= BUDGET_BYTES


def test_every_script_is_reached_from_a_page() -> None:
    """No script is left over that nothing loads."""
    loaded = set()
    for path in TEMPLATES:
        loaded |= set(re.findall(r"siteflow/js/([\w-]+\.js)", path.read_text()))
    assert {"app.js", "theme.js", *OF_PAGES} == loaded
    waiting = list(loaded)
    while waiting:
        text = (STATIC / "js" / waiting.pop()).read_text()
        for name in set(re.findall(r"from \"\./([\w-]+\.js)\"", text)) - loaded:
            loaded.add(name)
            waiting.append(name)
    assert loaded == {path.name for path in SCRIPTS}


@pytest.mark.parametrize("path", SHEETS, ids=ids(SHEETS))
def test_sheets_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert "@import" not in text
    for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        assert address.startswith("data:image/svg+xml,"), address


def test_colours_are_named_in_one_file() -> None:
    """Other sheets use the tokens, save white on a red that is the same in both themes."""
    allowed = {"#ffffff", "#b3261e", "#8f1d17"}
    for path in SHEETS:
        if path.name != "tokens.css":
            text = re.sub(r"url\([^)]*\)", "", path.read_text())
            assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", text)) <= allowed, path.name


def test_each_colour_has_a_light_and_a_dark_value() -> None:
    """Save white, which is written on the accent and stays as it is."""
    text = (STATIC / "css" / "tokens.css").read_text()
    colour = r"#[0-9a-fA-F]{3,8}|rgb\([^)]*\)|transparent"
    rest = re.sub(rf"light-dark\((?:{colour}), (?:{colour})\)", "", text)
    assert re.findall(rf"(?:{colour})(?=[;,\s])", rest.partition("Stock admin")[0]) == ["#ffffff"]


def test_the_words_of_times_are_the_same_in_script_and_server() -> None:
    from siteflow.wording import _STEPS

    text = (STATIC / "js" / "time.js").read_text()
    block = re.search(r"const STEPS = \[(.*?)\];", text, re.S)
    assert block
    steps = re.findall(r"\[([\d* ]+), (\d+), \"(\w+)\"\]", block[1])

    def product(text: str) -> int:
        first, _, second = text.partition("*")
        return int(first) * int(second or 1)

    assert [(product(below), int(unit), name) for below, unit, name in steps] == list(_STEPS)
