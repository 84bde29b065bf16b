"""Questions about pieces of a syntax tree."""

from __future__ import annotations

import ast
import re
from typing import Final

_CONSTANT: Final = re.compile(r"_?[A-Z][A-Z0-9_]*")


def dotted(node: ast.AST) -> str:
    """``os.path.join`` for such a piece; what is not a plain name becomes ``?``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def called(node: ast.AST) -> str:
    """What a call calls, else nothing."""
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def method(node: ast.AST) -> str:
    return called(node).rpartition(".")[2]


def imports(node: ast.AST) -> list[str]:
    """The modules and names an import statement names, dotted."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{one.name}" for one in node.names]
    return []


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_literal(node: ast.AST) -> bool:
    """Text written down in the code, possibly in several pieces."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_literal(node.left) and is_literal(node.right)
    return text_of(node) is not None


def is_constant(node: ast.AST) -> bool:
    """A literal, or the name of one: ``_WRAPPER``, ``words.WRAPPER``."""
    return is_literal(node) or bool(_CONSTANT.fullmatch(dotted(node).rpartition(".")[2]))


def is_made_up(node: ast.AST) -> bool:
    """Text put together at run time: f-string with values, ``%``, ``+``, ``.format``, ``.join``."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = (node.left, node.right)
        is_text = any(text_of(side) is not None or is_made_up(side) for side in sides)
        return is_text and not is_literal(node)
    return method(node) in ("format", "join", "format_map")
