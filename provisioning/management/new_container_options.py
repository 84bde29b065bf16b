"""What `container create` is told, as `NewContainer` takes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from provisioning.new_container import written

MAX_FILE_CHARS = 1_000_000
Several = list[str] | None
T = TypeVar("T")

OnHost = Annotated[str, typer.Option(help="name or id of a host; not needed where there is one")]
Words = Annotated[Several, typer.Argument(metavar="[COMMAND]...", help="after --, word by word")]
Entrypoint = Annotated[Several, typer.Option(help="a word of it; may be repeated")]
Env = Annotated[Several, typer.Option(metavar="NAME", help="with its value here; may be repeated")]
EnvFile = Annotated[Path | None, typer.Option(dir_okay=False, help="NAME=value, as an .env file")]
Publish = Annotated[
    Several, typer.Option(metavar="[[IP:]PORT:]PORT[/udp]", help="on 127.0.0.1 without IP")
]
Volume = Annotated[Several, typer.Option(metavar="SOURCE:TARGET[:ro]", help="may be repeated")]
Network = Annotated[Several, typer.Option(help="one of its own without any; may be repeated")]
Label = Annotated[Several, typer.Option(metavar="NAME=VALUE", help="may be repeated")]
Memory = Annotated[str, typer.Option(metavar="SIZE", help="such as 256m; no limit without it")]
Cpus = Annotated[float | None, typer.Option(help="such as 0.5; no limit without it")]
Pids = Annotated[int | None, typer.Option(help="processes and threads at most")]
Restart = Annotated[str, typer.Option(help="no, on-failure, always or unless-stopped")]
Pull = Annotated[str, typer.Option(help="missing fetches an image the host lacks; never does not")]


def told(
    *,
    env: Several,
    env_file: Path | None,
    publish: Several,
    volume: Several,
    label: Several,
    memory: str,
    **plain: Any,
) -> dict[str, Any]:
    """What cannot be read is a wrong usage."""
    given = {name: value for name, value in plain.items() if value is not None}
    return {
        **given,
        "environment": {**_from_file(env_file), **_from_here(env or [])},
        "ports": [_read("--publish", written.port, one) for one in publish or []],
        "volumes": [_read("--volume", written.mount, one) for one in volume or []],
        "labels": _read("--label", written.pairs, "\n".join(label or [])),
        **({"memory_bytes": _read("--memory", written.size, memory)} if memory else {}),
    }


def _read(option: str, how: Callable[[str], T], text: str) -> T:
    try:
        return how(text)
    except written.Unreadable as error:
        raise typer.BadParameter(f"{option}: {error}.") from error


def _from_here(names: list[str]) -> dict[str, str]:
    """Values are taken from this command's own environment: arguments can be seen by others."""
    for name in names:
        if name not in os.environ:
            raise typer.BadParameter(f"--env takes the name of a variable that is set: {name!r}.")
    return {name: os.environ[name] for name in names}


def _from_file(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8", errors="strict") as file:
            text = file.read(MAX_FILE_CHARS + 1)  # a device may have no end
    except UnicodeError:
        raise typer.BadParameter(f"{path}: this is not UTF-8.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        raise typer.BadParameter(f"{path}: {getattr(error, 'strerror', error)}.") from error
    if len(text) > MAX_FILE_CHARS:
        raise typer.BadParameter(f"{path}: longer than {MAX_FILE_CHARS} characters.")
    return _read("--env-file", written.environment, text)
