"""Runs what compose.py builds: its lines while it works, its failures as DriverError."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from provisioning.drivers.compose import Argv, verb_of
from provisioning.drivers.compose_progress import progress
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.hostile import printable

Say = Callable[[str], None]

MAX_LINES: Final = 5000  # said of one command; the rest is only looked at for its end
_TAIL: Final = 30
_MAX_LINE: Final = 500

# The first that is found in the last lines decides. Words are those of Compose 2 and of the
# Engine, 20.10 to 28.
_MEANINGS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), code)
    for pattern, code in (
        (r"no space left on device|disk quota exceeded", "disk_full"),
        (r"port is already allocated|address already in use|ports are not available", "port_taken"),
        (r"permission denied while trying to connect", "docker_denied"),
        (r"cannot connect to the docker daemon|is the docker daemon running", "docker_down"),
        (
            r"is not a docker command|unknown command: docker compose|unknown flag: --ansi"
            r"|unknown flag: --project-name|docker-compose: (command )?not found",
            "compose_missing",
        ),
        (r"docker: (command )?not found", "docker_missing"),
        (r"unknown (shorthand )?flag", "compose_old"),
        (r"(container \S+|application) (exited|is unhealthy|not healthy|has no health)"
         r"|dependency failed to start|timeout waiting", "not_healthy"),
        (r"failed to solve|executor failed running|did not complete successfully"
         r"|dockerfile parse error", "build_failed"),
        (r"no such image|manifest (for \S+ )?(unknown|not found)|pull access denied"
         r"|repository does not exist|failed to resolve reference|https?://\S+/v2/"
         r"|toomanyrequests", "image_missing"),
        (r"no such service|depends on undefined|invalid compose project|additional propert"
         r"|^(error while interpolating|validating |yaml: |couldn't find env file)"
         r"|required variable|refers to undefined|no configuration file", "bad_compose"),
        (r"is already in use by container|has active endpoints|volume is in use"
         r"|pool overlaps|already exists", "conflict"),
        (r"external (volume|network) \S+ not found|network \S+ not found"
         r"|declared as external, but could not be found", "not_found"),
    )
)  # fmt: skip
# Compose's own exit codes (cmd/compose, StatusError), where its words were others.
_EXITS: Final = {
    14: "bad_compose",
    15: "bad_compose",
    16: "compose_old",
    17: "build_failed",
    18: "image_missing",
}


def run(
    host: HostDriver,
    argv: Argv,
    *,
    sudo: bool = False,
    timeout_s: float,
    say: Say | None = None,
    max_bytes: int = 4_000_000,
) -> Result:
    """Its end, if all went well; ``say`` gets each line, harmless to show, while it works.

    Of the many lines of a download only those that begin something new are said. What ``say``
    raises ends the command. DriverError with Compose's own last words: ``image_missing``,
    ``build_failed``, ``port_taken``, ``not_healthy``, ``bad_compose``, ``disk_full``,
    ``conflict``, ``not_found``, ``compose_missing`` and the codes of the driver.
    """
    listener = _Listener(say)
    result = host.run(
        argv, sudo=sudo, timeout_s=timeout_s, max_bytes=max_bytes, on_line=listener.hear
    )
    if result.exit_code:
        raise _error(host, argv, result, listener)
    return result


def answer(host: HostDriver, argv: Argv, *, sudo: bool = False, timeout_s: float = 60.0) -> str:
    """What it prints, for compose_parse.py; an answer that was cut is ``output_too_large``."""
    result = run(host, argv, sudo=sudo, timeout_s=timeout_s)
    if result.truncated:
        message = f"{host.name}: compose {verb_of(argv)} answers more than can be read"
        raise DriverError(message, "output_too_large")
    return result.stdout


class _Listener:
    def __init__(self, say: Say | None) -> None:
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._say = say
        self._said = 0
        self._layers: dict[str, str] = {}

    def hear(self, line: str) -> None:
        text = printable(line, limit=_MAX_LINE)
        # Compose begins what it does itself with a blank; progress() looks for it.
        text = f" {text}" if line.startswith(" ") else text
        if not text.strip():
            return
        self.tail.append(text)
        if self._say is None or self._said > MAX_LINES or self._is_more_of_the_same(text):
            return
        self._said += 1
        self._say(text if self._said <= MAX_LINES else "… more lines than are shown")

    def _is_more_of_the_same(self, text: str) -> bool:
        """``Downloading [==> ] 3MB/9MB`` once for each layer, not for each megabyte."""
        found = progress(text)
        if found is None or found.what != "layer" or len(self._layers) > MAX_LINES:
            return False
        doing = found.status.split()[0]
        before, self._layers[found.name] = self._layers.get(found.name), doing
        return before == doing


def _error(host: HostDriver, argv: Argv, result: Result, listener: _Listener) -> DriverError:
    tail = list(listener.tail)
    words = tail[-1].strip() if tail else f"exit code {result.exit_code}"
    code = _code(result.exit_code, tail)
    return DriverError(f"{host.name}: compose {verb_of(argv)} failed: {words}", code)


def _code(exit_code: int, tail: list[str]) -> str:
    # The last line is Compose's own; those before may be what a build or a container printed.
    last = _meaning(tail[-1:]) or _EXITS.get(exit_code) or _meaning(tail)
    return last or ("docker_missing" if exit_code == 127 else "command_failed")


def _meaning(lines: list[str]) -> str:
    text = "\n".join(line.strip() for line in lines)
    return next((code for pattern, code in _MEANINGS if pattern.search(text)), "")
