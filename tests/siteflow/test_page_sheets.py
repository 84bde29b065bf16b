"""Style sheets of single pages: who shows what one of them dresses, loads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = {str(one.relative_to(FOLDER)): one.read_text() for one in FOLDER.rglob("*.html")}
SHEETS = {
    one.name: re.sub(r"/\*.*?\*/", "", one.read_text(), flags=re.S)
    for one in (ROOT / "siteflow" / "static" / "siteflow" / "css").glob("*.css")
}
LOADED = r"siteflow/css/([\w-]+\.css)"
OF_ALL = set(re.findall(LOADED, TEMPLATES["admin/base.html"]))
# Their pages begin their own scripts, which make what is dressed.
BY_SCRIPT = {"charts.css", "graph.css", "logs.css", "terminal.css"}
OF_PAGES = sorted(SHEETS.keys() - OF_ALL - BY_SCRIPT)


def classes(sheet: str) -> set[str]:
    """That begin a selector: the rest is of the page's own."""
    selectors = re.findall(r"([^{}]+)\{", SHEETS[sheet])
    firsts = [re.match(r"\s*(?::is\()?[a-z]*\.([\w-]+)", one)
              for text in selectors for one in text.split(",")]  # fmt: skip
    return {first[1] for first in firsts if first}


def parts(name: str, seen: set[str] | None = None) -> set[str]:
    """All templates that a page is drawn from, but for the frame of all of them."""
    seen = set() if seen is None else seen
    if name in TEMPLATES and name not in seen and name != "admin/base.html":
        seen.add(name)
        for other in re.findall(r'{%-?\s*(?:include|extends)\s+"([^"]+)"', TEMPLATES[name]):
            parts(other, seen)
    return seen


PAGES = sorted(name for name, text in TEMPLATES.items() if "{% extends" in text)


def shown(page: str) -> set[str]:
    text = "\n".join(TEMPLATES[one] for one in parts(page))
    found = re.findall(r'class="((?:{[{%].*?[}%]}|[^"])*)"', text)
    return {word for one in found for word in re.split(r"[\s{}%\"]+", one)}


@pytest.mark.parametrize("sheet", OF_PAGES)
def test_a_sheet_is_loaded_by_the_pages_that_show_what_it_dresses(sheet: str) -> None:
    dressed = classes(sheet) - set().union(*(classes(one) for one in OF_ALL))
    assert dressed
    for page in PAGES:
        loads = set(re.findall(LOADED, "\n".join(TEMPLATES[one] for one in parts(page))))
        needs = dressed & shown(page)
        assert sheet in loads or not needs, f"{page} shows {sorted(needs)}"
        assert needs or sheet not in loads or "#" in SHEETS[sheet], f"{page} has no use for it"


# What a page's own sheet adds to classes of all pages, and only its pages show.
MEANT = {
    "alerts.css": {"list"},
    "plan.css": {"changes", "form"},
    "sites.css": {"of-sites", "names", "column-when", "column-host_name"},
}


@pytest.mark.parametrize("sheet", OF_PAGES)
def test_what_all_pages_show_is_dressed_for_all(sheet: str) -> None:
    of_all = set().union(*(classes(one) for one in OF_ALL))
    assert classes(sheet) & of_all <= MEANT.get(sheet, set())


def test_the_pages_are_found() -> None:
    assert len(PAGES) > 50 and {"plan.css", "sites.css", "gallery.css"} <= set(OF_PAGES)
    assert "console/plan.html" in parts("console/act.html") and "diff" in shown("console/act.html")
