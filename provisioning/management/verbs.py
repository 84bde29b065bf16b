"""Commands made from the verb table: one per verb, with its parameters as options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from django.db.models import Model
from pydantic.fields import FieldInfo

from audit.console_output import AsJson
from provisioning.management.following import NoWait, begin, follow
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb

_EMPTY: Any = inspect.Parameter.empty
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def add_verbs(
    command: Any,
    family: str,
    named: Callable[[str], Model],
    *,
    inline: frozenset[str] = frozenset(),
    but: frozenset[str] = frozenset(),
) -> None:
    """Adds a command for each verb whose name begins with this word: those that a worker runs, and
    of the others the ``inline`` ones; ``but``: those that have a command of their own."""
    for verb in VERBS.values():
        wanted = (not verb.inline or verb.short in inline) and verb.short not in but
        if verb.family == family and wanted:
            summary = inspect.getdoc(verb.run) or f"{verb.label} a {verb.target_type}."
            add = command.command(verb.short, help=summary.partition("\n\n")[0])
            add(_made(verb, named))


def _made(verb: Verb, named: Callable[[str], Model]) -> Callable[..., None]:
    def run(self: Any, *, no_wait: bool, as_json: bool, **given: Any) -> None:
        target = named(given.pop(_target_name(verb)))
        part = f" {given[verb.typed]} on" if verb.typed else ""
        if verb.confirm and not given.pop("yes"):
            said_yes(f"{verb.label}{part} {target}?", otherwise="Confirm with --yes.")
        confirm_name = given[verb.typed] if verb.typed else str(target)
        row = begin(verb.kind, target, params=given, confirm_name=confirm_name)
        follow(row, no_wait=no_wait, as_json=as_json, out=self.stdout, err=self.stderr)

    # The command class gets it under this name, where "check" alone is Django's own.
    run.__name__ = f"{verb.short}_{verb.target_type}".replace("-", "_")
    run.__signature__ = inspect.Signature(_parameters(verb))  # type: ignore[attr-defined]
    run.__annotations__ = {
        parameter.name: parameter.annotation for parameter in _parameters(verb)[1:]
    }
    return run


def said_yes(question: str, *, otherwise: str) -> None:
    """Goes on after a yes typed at the terminal. Where nobody can answer it is a wrong usage."""
    try:
        answer = typer.confirm(question)
    except typer.Abort:
        raise typer.BadParameter(otherwise) from None
    if not answer:
        raise typer.Exit(1)


def _parameters(verb: Verb) -> list[inspect.Parameter]:
    metavar = "HOST" if verb.on == "host" else _METAVARS[verb.target_type]
    name = Annotated[str, typer.Argument(metavar=metavar)]
    # With an annotation, the command's own instance would be taken for an argument.
    made = [_parameter("self", _EMPTY), _parameter(_target_name(verb), name)]
    fields = verb.params.model_fields
    made += [_of_field(one, info) for one, info in fields.items() if info.is_required()]
    made += [_of_field(one, info) for one, info in fields.items() if not info.is_required()]
    if verb.confirm:
        made.append(_parameter("yes", Yes, False))
    return [*made, _parameter("no_wait", NoWait, False), _parameter("as_json", AsJson, False)]


def _target_name(verb: Verb) -> str:
    """What the target is called among the arguments, where "name" is a parameter of the verb's."""
    return verb.target_type if "name" in verb.params.model_fields else "name"


_METAVARS = {
    "container": "[HOST/]NAME", "host": "NAME", "site": "[HOST/]NAME", "quarantine": "NAME",
    "domain": "DOMAIN",
}  # fmt: skip


def _of_field(name: str, info: FieldInfo) -> inspect.Parameter:
    """A required parameter is an argument, any other an option; the engine checks the limits."""
    if info.is_required():
        return _parameter(name, Annotated[info.annotation, typer.Argument()])
    if info.annotation is bool:
        words = name.replace("_", "-")
        flag = typer.Option(f"--{words}/--no-{words}" if info.default else f"--{words}")
        return _parameter(name, Annotated[bool, flag], info.default)
    return _parameter(name, Annotated[info.annotation, typer.Option()], info.default)


def _parameter(name: str, annotation: Any, default: Any = _EMPTY) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=default, annotation=annotation)
