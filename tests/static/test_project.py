from __future__ import annotations

from pathlib import Path

from tests.static.allowed import ALLOWED
from tests.static.findings import Allowed, Finding
from tests.static.project import complaints, files, findings, written

FOUND = Finding("sites/a.py", 3, "shell", "a shell", "os.system(text)")


def test_the_product_is_clean() -> None:
    assert complaints(findings(), ALLOWED) == []


def test_every_exception_has_its_reason() -> None:
    assert all(len(one.reason) > 10 and one.text for one in ALLOWED)
    assert len(set(ALLOWED)) == len(ALLOWED)


def test_an_exception_is_for_its_own_rule_file_and_line() -> None:
    right = Allowed("shell", "sites/a.py", "os.system(", "of this test")
    assert complaints([FOUND], [right]) == []
    for wrong in (
        Allowed("process", "sites/a.py", "os.system(", "of this test"),
        Allowed("shell", "sites/b.py", "os.system(", "of this test"),
        Allowed("shell", "sites/a.py", "os.popen(", "of this test"),
    ):
        assert len(complaints([FOUND], [wrong])) == 2  # the finding, and the unused exception


def test_an_exception_nobody_needs_is_named() -> None:
    (line,) = complaints([], [Allowed("shell", "sites/a.py", "os.system(", "of this test")])
    assert "sites/a.py" in line and "os.system(" in line


def test_what_is_looked_at(tmp_path: Path) -> None:
    for name in ("app/__init__.py", "app/a.py", "app/migrations/0001.py", "tests/__init__.py",
                 "templates/a.html", "app/static/app/a.js", "app/static/vendor/b.js",
                 "docs/conf.py"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    seen = [str(one.relative_to(tmp_path)) for one in files(tmp_path)]
    assert seen == ["app/__init__.py", "app/a.py", "app/static/app/a.js", "templates/a.html"]
    assert len(list(files())) > 150


def test_a_file_that_is_too_long_is_found_wherever_it_is_written(tmp_path: Path) -> None:
    for name, lines in (("app/__init__.py", 400), ("app/a.css", 401), ("tests/__init__.py", 401),
                        ("app/migrations/0001.py", 401), ("templates/a.html", 401),
                        ("app/static/vendor/b.js", 401), ("app/recorded.json", 401)):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n" * lines)
    assert [(one.path, one.line, one.rule) for one in findings(tmp_path)] == [
        (path, 401, "size")
        for path in ("app/a.css", "app/migrations/0001.py", "templates/a.html", "tests/__init__.py")
    ]
    assert len(list(written())) > len(list(files()))
