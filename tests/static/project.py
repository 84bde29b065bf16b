"""All of the product against all rules, and whatever is written against the size of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.static.findings import Allowed, Finding
from tests.static.rules import check_python
from tests.static.sizes import check_size
from tests.static.texts import check_script, check_template

ROOT: Final = Path(__file__).resolve().parents[2]
_CHECKS: Final = {".py": check_python, ".html": check_template, ".js": check_script}
# Or not of a running console: assets/ is for before that.
_NOT_OURS: Final = ("assets", "tests", "var", "build", "node_modules")
_WRITTEN: Final = frozenset({*_CHECKS, ".css", ".mjs", ".sh"})
_NOT_WRITTEN: Final = frozenset({"vendor", "node_modules"})


def files(root: Path = ROOT) -> Iterator[Path]:
    """What is shipped: every package, the templates, the scripts; not what was fetched."""
    for folder in sorted(root.iterdir()):
        is_product = (folder / "__init__.py").is_file() or folder.name == "templates"
        if is_product and folder.name not in _NOT_OURS:
            yield from (one for one in sorted(folder.rglob("*")) if _is_written(one, root))


def _is_written(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return path.suffix in _CHECKS and "vendor" not in parts and "migrations" not in parts


def findings(root: Path = ROOT) -> Iterator[Finding]:
    for path in files(root):
        check = _CHECKS[path.suffix]
        yield from check(str(path.relative_to(root)), path.read_text())
    for path in written(root):
        yield from check_size(str(path.relative_to(root)), path.read_text())


def written(root: Path = ROOT) -> Iterator[Path]:
    """Tests and migrations, too, and style sheets."""
    for folder in sorted(root.iterdir()):
        if (folder / "__init__.py").is_file() or folder.name in ("assets", "templates"):
            for path in sorted(folder.rglob("*")):
                parts = path.relative_to(root).parts
                if path.suffix in _WRITTEN and _NOT_WRITTEN.isdisjoint(parts) and path.is_file():
                    yield path


def complaints(found: Iterable[Finding], allowed: Iterable[Allowed]) -> list[str]:
    """What is forbidden and not excepted, then the exceptions that except nothing."""
    found, allowed = list(found), list(allowed)
    wrong = [str(one) for one in found if not any(entry.covers(one) for entry in allowed)]
    unused = [entry for entry in allowed if not any(entry.covers(one) for one in found)]
    return wrong + [f"{one.path}: nothing there needs the exception {one.text!r}" for one in unused]
