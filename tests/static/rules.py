"""The rules for Python. Each looks at one piece of a syntax tree and says what is wrong with it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from tests.static.findings import Finding
from tests.static.names import (
    called,
    dotted,
    imports,
    is_constant,
    is_literal,
    is_made_up,
    method,
    text_of,
)

Rule = Callable[[ast.AST], str]
_SHELLS: Final = re.compile(r"(?:.*/)?(?:sh|bash|dash|ash|zsh|ksh|busybox)")
_SECRET: Final = re.compile(
    r"(?:^|_)(?:password|passphrase|passwd|secret|token|private_key|api_key|key_material|credential)s?$"
)
_HOLDS_NO_TEXT: Final = re.compile(
    r"models\.(ForeignKey|OneToOneField|ManyToManyField|BooleanField|Date\w*Field|\w*IntegerField)"
)
_RUNS_TEXT: Final = ("run", "stream", "check", "execute_command", "start_stream")
_QUERIES: Final = ("execute", "executemany", "executescript", "raw", "RawSQL", "extra")


def shell(node: ast.AST) -> str:
    if isinstance(node, ast.keyword) and node.arg == "shell" and not _is_false(node.value):
        return "a shell would interpret the text"
    if called(node) in ("os.system", "os.popen") or method(node) == "create_subprocess_shell":
        return "a shell would interpret the text"
    wanted = {"os.system", "os.popen", "asyncio.create_subprocess_shell", "pty.spawn"}
    return "a shell would interpret the text" if wanted & set(imports(node)) else ""


def process(node: ast.AST) -> str:
    started = method(node).startswith(("exec", "spawn", "posix_spawn")) and called(node)
    if started and started.startswith(("os.", "pty.")) or method(node) == "create_subprocess_exec":
        return "only drivers start processes"
    modules = {name.partition(".")[0] for name in imports(node)}
    return "only drivers start processes" if modules & {"subprocess", "pty"} else ""


def command_text(node: ast.AST) -> str:
    """Commands are argv tuples; a shell's script is a constant whose values come as arguments."""
    if method(node) == "exec_command":
        return "commands go through the driver's run(argv)"
    if isinstance(node, ast.Call) and method(node) in _RUNS_TEXT and node.args:
        first = node.args[0]
        if is_made_up(first):
            return "a command is a tuple of words, never text that was put together"
    if isinstance(node, ast.Tuple | ast.List) and _is_script_made_up(node.elts):
        return "a shell's script is a constant; pass values as its arguments"
    return ""


def _is_script_made_up(words: list[ast.expr]) -> bool:
    for shell_word, flag, script in zip(words, words[1:], words[2:], strict=False):
        is_shell = _SHELLS.fullmatch(text_of(shell_word) or "") is not None
        if is_shell and re.fullmatch("-[a-z]*c", text_of(flag) or "") and not is_constant(script):
            return True
    return False


def quoting(node: ast.AST) -> str:
    modules = {name.partition(".")[0] for name in imports(node)}
    return "quoting happens in one place" if "shlex" in modules else ""


def host_keys(node: ast.AST) -> str:
    forbidden = {"AutoAddPolicy", "WarningPolicy", "SSHClient", "MissingHostKeyPolicy"}
    names = {dotted(node), *imports(node)}
    found = {name.rpartition(".")[2] for name in names} & forbidden
    return "host keys are pinned; this accepts others" if found else ""


def evaluation(node: ast.AST) -> str:
    if called(node) in ("eval", "exec", "compile", "__import__"):
        return "text becomes code"
    modules = {name.partition(".")[0] for name in imports(node)}
    if modules & {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle"}:
        return "reading it runs what it holds"
    if called(node) in ("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"):
        return "yaml.safe_load only"
    return ""


def markup(node: ast.AST) -> str:
    if not isinstance(node, ast.Call) or not node.args:
        return ""
    if method(node) in ("mark_safe", "SafeString", "SafeText") and not is_literal(node.args[0]):
        return "markup that is not escaped"
    if method(node) == "format_html" and not is_literal(node.args[0]):
        return "the frame of format_html is written down, values come as arguments"
    if method(node) == "format_html_join" and not all(is_literal(one) for one in node.args[:2]):
        return "the frame of format_html_join is written down"
    return ""


def secret_field(node: ast.AST) -> str:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return ""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [dotted(one) for one in targets]
    kind = called(node.value)
    is_column = kind.startswith("models.") and not _HOLDS_NO_TEXT.fullmatch(kind)
    if is_column and any(_SECRET.search(name) for name in names):
        return "a secret is kept encrypted (sites/encryption.py) or hashed"
    return ""


def rights(node: ast.AST) -> str:
    asked = method(node) in ("has_perm", "has_perms", "has_module_perms")
    return "ask sites.rights, which knows scopes and grants" if asked else ""


def queries(node: ast.AST) -> str:
    if not isinstance(node, ast.Call) or method(node) not in _QUERIES:
        return ""
    given = [*node.args[:1], *(one.value for one in node.keywords if one.arg in ("sql", "where"))]
    return "values go into a query as parameters" if any(map(is_made_up, given)) else ""


def broad_catch(node: ast.AST) -> str:
    if not isinstance(node, ast.ExceptHandler):
        return ""
    is_broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
    last = node.body[-1]
    passes_on = isinstance(last, ast.Raise) and last.exc is None
    return (
        "say why everything is caught, on the line or above" if is_broad and not passes_on else ""
    )


def waiting(node: ast.AST) -> str:
    is_sleep = called(node) == "time.sleep"
    return "say why this waits blindly, on the line or above" if is_sleep else ""


RULES: Final[dict[str, Rule]] = {
    "shell": shell,
    "process": process,
    "command-text": command_text,
    "quoting": quoting,
    "host-keys": host_keys,
    "evaluation": evaluation,
    "markup": markup,
    "secret-field": secret_field,
    "rights": rights,
    "queries": queries,
    "broad-catch": broad_catch,
    "waiting": waiting,
}
_A_COMMENT_WILL_DO: Final = ("broad-catch", "waiting")


def check_python(path: str, source: str) -> Iterator[Finding]:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0) or getattr(getattr(node, "value", None), "lineno", 0)
        for rule, look in RULES.items():
            message = look(node)
            if message and not (rule in _A_COMMENT_WILL_DO and _is_explained(lines, line)):
                yield Finding(path, line, rule, message, lines[line - 1].strip())


def _is_explained(lines: list[str], line: int) -> bool:
    above = lines[line - 2].strip() if line > 1 else ""
    comment = lines[line - 1].partition("  # ")[2] or (above.startswith("# ") and above[2:])
    return bool(comment) and not str(comment).startswith(("noqa", "type:"))


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and not node.value
