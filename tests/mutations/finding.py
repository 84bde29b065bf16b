"""Finds the checks in the product's code and puts a switch in front of each."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, Final

from tests.mutations.switch import NOTED

SWITCH: Final = "__check__"
# What is called → what stands in its place when it is to allow everything.
_YES: Final = {"may", "may_on", "may_somewhere", "holds", "within_reach", "is_ours"}
_NOTHING: Final = {"need", "need_everywhere", "_require", "_allowed", "hold_of", "check_csrf"}
_ASKED: Final = {
    "covers", "touches", "has_permission", "has_view_permission", "has_change_permission",
    "has_add_permission", "has_delete_permission", "has_module_permission",
    "has_view_or_change_permission",
}  # fmt: skip
_ALL: Final = {"visible_to", "valid", "open"}  # querysets of what may be seen, or still counts
_OWNERS: Final = {
    "user", "owner", "user__is_active", "ended_at", "expires_at__gt", "revoked_at",
}  # fmt: skip
_REFUSALS: Final = {
    "Forbidden", "PermissionDenied", "Refused", "TokenRefused", "ScopeMissing", "CsrfFailed",
    "WrongPassword", "WrongCode", "CodeMissing", "NOWHERE",
}  # fmt: skip
_GUARDS: Final = {"login_required", "require_POST"}


@dataclass(frozen=True)
class Check:
    """``name``: file, line, function and text, as the run reports it."""

    name: str
    kind: str
    path: str
    text: str


class Rewriter(ast.NodeTransformer):
    """One module's code with switches, and the checks it found."""

    def __init__(self, path: str) -> None:
        self.path, self.found, self._within = path, list[Check](), list[str]()

    def visit_Call(self, node: ast.Call) -> Any:
        text = ast.unparse(node)
        if _writes(node):  # the rows of an update or a deletion are no check
            node.args = [self.visit(one) for one in node.args]
            return node
        self.generic_visit(node)
        allowed, kind = _allowed(node)
        return node if allowed is None else self._either(kind, text, node, allowed)

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id not in _GUARDS or not isinstance(node.ctx, ast.Load):
            return node
        name = self._named("decorator", node, node.id)
        return _parsed(f"{SWITCH}.decorator({name!r}, {node.id})", node)

    def visit_If(self, node: ast.If) -> Any:
        text = f"if {ast.unparse(node.test)}: {ast.unparse(node.body[-1])}"
        self.generic_visit(node)
        if len(node.body) == 1 and _refuses(node.body[0]):
            name = self._named("refusal", node, text)
            off = _parsed(f"not {SWITCH}({name!r})", node)
            node.test = ast.BoolOp(ast.And(), [off, _noted("refusal", name, node.test)])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        last = node.body[-1]
        if node.name in _ASKED and isinstance(last, ast.Return) and _is_no(last.value):
            name = self._named("closed", last, f"{node.name}: return False")
            last.value = _parsed(f"{SWITCH}({name!r})", last)
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()
        return node

    def _either(self, kind: str, text: str, node: ast.expr, allowed: ast.expr) -> ast.expr:
        name = self._named(kind, node, text)
        real = _noted(kind, name, node) if kind in NOTED else node
        return ast.IfExp(_parsed(f"{SWITCH}({name!r})", node), allowed, real)

    def _named(self, kind: str, node: Any, text: str) -> str:
        place = ".".join(self._within) or "module"
        name = f"{self.path}:{node.lineno} {place} {kind}: {text}"[:200]
        if any(one.name == name for one in self.found):
            name += f" ({len(self.found)})"
        self.found.append(Check(name, kind, self.path, text))
        return name


def _noted(kind: str, name: str, real: ast.expr) -> ast.expr:
    """Tells the switch what the check says."""
    call: Any = _parsed(f"{SWITCH}.noted({kind!r}, {name!r})", real)
    call.args.append(real)
    noted: ast.expr = call
    return noted


def rewritten(source: str, path: str) -> tuple[ast.Module, list[Check]]:
    rewriter = Rewriter(path)
    tree = rewriter.visit(ast.parse(source))
    return ast.fix_missing_locations(tree), rewriter.found


def _allowed(node: ast.Call) -> tuple[ast.expr | None, str]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in _YES or method in _ASKED:
        return _parsed("True", node), "asks"
    if name in _NOTHING:
        return _parsed("None", node), "needs"
    if name == "let_in":
        return node.args[0], "needs"
    if name == "reach":
        return _parsed(f"{SWITCH}.everywhere", node), "reach"
    if _is_all(method, node) and isinstance(node.func, ast.Attribute):
        return ast.Call(ast.Attribute(node.func.value, "all", ast.Load()), [], []), "rows"
    if ast.unparse(node.func) == "jwt.decode":
        return _unsigned(node), "signature"
    kept = [one for one in node.keywords if one.arg not in _OWNERS or _joins(one.value)]
    if len(kept) < len(node.keywords) and (method == "filter" or name == "get_object_or_404"):
        return ast.Call(node.func, node.args, kept), "owner"
    return None, ""


def _is_all(method: str, node: ast.Call) -> bool:
    """``open`` and ``valid`` of rows are told the time; files are opened, too."""
    if method == "visible_to":
        return bool(node.args)
    return method in _ALL and [one.arg for one in node.keywords] == ["now"]


def _unsigned(node: ast.Call) -> ast.expr:
    options = _parsed("{'verify_signature': False}", node)
    kept = [one for one in node.keywords if one.arg != "options"]
    return ast.Call(node.func, node.args, [*kept, ast.keyword("options", options)])


def _joins(value: ast.expr) -> bool:
    """``user=OuterRef("pk")``: which rows belong together, not whose they may be."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "OuterRef"


def _is_no(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def _writes(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "delete")


def _refuses(node: ast.stmt) -> bool:
    value = node.exc if isinstance(node, ast.Raise) else getattr(node, "value", None)
    if isinstance(node, ast.Return | ast.Raise) and value is not None:
        return ast.unparse(value).partition("(")[0] in _REFUSALS
    return False


def _parsed(text: str, like: Any) -> ast.expr:
    made: ast.expr = ast.copy_location(ast.parse(text, mode="eval").body, like)
    return made
