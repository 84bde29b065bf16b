"""Every argument and option of `manage.py` that takes a text, found in the commands themselves."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django_typer.management import TyperCommand

OURS: Final = {"audit", "monitoring", "provisioning", "sites", "siteflow"}
_DJANGO_S: Final = {action.dest for action in BaseCommand().create_parser("", "")._actions}


@dataclass(frozen=True)
class Parameter:
    """``option`` is empty for an argument. Of the same ``help`` are those of the same meaning."""

    name: str
    option: str
    help: str = ""
    is_text: bool = True  # else a number or one of a few words


@dataclass(frozen=True)
class Part:
    """One thing a command can do, such as `host add`."""

    words: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    flags: tuple[str, ...] = ()  # those that let it go on by itself

    def __str__(self) -> str:
        return " ".join(self.words)

    def argv(self, given: dict[str, str]) -> list[str]:
        """Options come first, so that an argument may look like one."""
        options = [f"{one.option}={given[one.name]}" for one in self.parameters
                   if one.option and one.name in given]  # fmt: skip
        rest = [given[one.name] for one in self.parameters
                if not one.option and one.name in given]  # fmt: skip
        return [*self.words, *options, *self.flags, *(["--", *rest] if rest else [])]


def parts() -> list[Part]:
    return [
        part
        for name, app in sorted(get_commands().items())
        if app in OURS
        for part in _parts(load_command_class(str(app), name), name)
    ]


def _parts(command: Any, name: str) -> list[Part]:
    if isinstance(command, TyperCommand):
        tree: Any = command.command_tree
        return [_of_click((name, leaf), node.click_command.params)
                for leaf, node in tree.children.items()]  # fmt: skip
    actions = command.create_parser("manage.py", name)._actions
    own = [one for one in actions if one.dest not in _DJANGO_S and one.nargs != 0]
    return [Part((name,), tuple(_of_argparse(one) for one in own))]


def _of_argparse(action: Any) -> Parameter:
    is_text = action.type is None and not action.choices
    return Parameter(action.dest, action.option_strings[0], is_text=is_text)


def _of_click(words: tuple[str, ...], params: Any) -> Part:
    texts = [one for one in params if not getattr(one, "is_flag", False)]
    flags = {option for one in params for option in one.opts} & {"--yes", "--no-wait"}
    made = [
        Parameter(
            one.name,
            one.opts[0] if one.param_type_name == "option" else "",
            f"{one.metavar} {one.help}",
            one.type.name in ("str", "path", "file"),
        )
        for one in texts
    ]
    return Part(words, tuple(made), tuple(sorted(flags)))


@dataclass(frozen=True)
class Ended:
    """``trace`` is of what nobody caught: at a terminal that is a traceback."""

    code: int
    out: str
    err: str
    trace: str = ""


class Terminal:
    """Runs commands as `manage.py` does, but in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(BaseCommand, "check", lambda *args, **given: None)
        # It would take the test's own transaction with it.
        monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)

    def run(self, argv: Sequence[str], stdin: bytes = b"") -> Ended:
        out, err = _stream("strict"), _stream("backslashreplace")  # as Python's own are
        code, trace, before = 0, "", sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        with redirect_stdout(out), redirect_stderr(err):
            try:
                command = load_command_class(str(get_commands()[argv[0]]), argv[0])
                command.run_from_argv(["manage.py", *argv])
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else bool(ended.code)
            except Exception:  # whatever comes out uncaught is what is looked for
                trace = traceback.format_exc()
            finally:
                sys.stdin = before
        return Ended(code, _text(out), _text(err), trace)


def _stream(errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, newline="")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()
