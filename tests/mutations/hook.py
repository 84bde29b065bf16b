"""Loads the product's modules with switches in front of their checks; no file is changed."""

from __future__ import annotations

import builtins
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from tests.mutations.finding import SWITCH, Check, rewritten

ROOT: Final = Path(__file__).parent.parent.parent
PRODUCT: Final = ("audit", "monitoring", "provisioning", "sites", "siteflow")
# Nobody's rights are asked for there: hosts are reached by whoever was let in before.
_WITHOUT: Final = (
    "provisioning/drivers", "migrations", "management", "siteflow/supervisor",
    "audit/reach.py", "tests",
)  # fmt: skip
checks: list[Check] = []


class _Loader(importlib.machinery.SourceFileLoader):
    def source_to_code(self, data: Any, path: Any = "<string>", **_: Any) -> CodeType:  # type: ignore[override]
        where = str(Path(path).relative_to(ROOT))
        tree, found = rewritten(bytes(data).decode(), where)
        checks.extend(found)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def get_code(self, fullname: str) -> CodeType:
        """Never from a cache, and never into one."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] not in PRODUCT:
            return None
        spec = super().find_spec(name, path, target)
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return spec
        where = str(Path(spec.origin).relative_to(ROOT))
        if not any(part in where for part in _WITHOUT):
            spec.loader = _Loader(name, spec.origin)
        return spec


def install() -> None:
    """Before anything of the product is imported; afterwards `checks` fills up."""
    sys.meta_path.insert(0, _Finder)
    from tests.mutations.switch import switch

    setattr(builtins, SWITCH, switch)
