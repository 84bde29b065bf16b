"""A release as people see it: secrets masked in its environment and in its compose file.

The environment knows which of its values are secret. A compose file that was taken over, or that
somebody edited, may hold some as well: there a name that sounds like one, or a password within an
address, is enough. What is written as ${NAME} is no secret by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from provisioning.drivers import dotenv
from provisioning.operations.contract import VerbError
from provisioning.plans.wanted import MASK
from provisioning.releases.models import Release

_WORDS: Final = r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|_KEY|APIKEY|SALT|CREDENTIAL"
_NAMED: Final = re.compile(
    rf"(?i)^(\s*(?:-\s+)?[\"']?[\w.-]*(?:{_WORDS})[\w.-]*[\"']?\s*[:=]\s*)(?!\$\{{|[|>]|[\"']\$\{{)(\S.*)$"
)
_IN_ADDRESS: Final = re.compile(r"(://[^/\s:@]{0,100}:)(?!\$)[^@/\s]{1,500}@")


def masked_compose(text: str) -> str:
    return "\n".join(_masked_line(line) for line in text.split("\n"))


def _masked_line(line: str) -> str:
    return _IN_ADDRESS.sub(rf"\1{MASK}@", _NAMED.sub(rf"\g<1>{MASK}", line))


def restored_compose(new: str, old: str) -> str:
    """``new`` with each masked line as it is in ``old``. Raises VerbError for one that is not."""
    hidden = defaultdict(list)
    for line in old.split("\n"):
        if (masked := _masked_line(line)) != line:
            hidden[masked.strip()].append(line.strip())
    lines = new.split("\n")
    for index, line in enumerate(lines):
        if MASK in line:
            lines[index] = line.replace(line.strip(), _original(hidden, line.strip(), index + 1))
    return "\n".join(lines)


def _original(hidden: dict[str, list[str]], line: str, number: int) -> str:
    found = hidden.get(line)
    if not found:
        words = f"compose: line {number} is masked, but there is no such line now: write its value."
        raise VerbError(words, code="masked_value", field="compose", status=422)
    return found.pop(0) if len(found) > 1 else found[0]


def masked_env(row: Release, env: dict[str, str] | None = None) -> dict[str, str]:
    """Name → value, or ••• for what is secret."""
    values = row.reveal() if env is None else env
    return {name: MASK if name in row.secret_names else value for name, value in values.items()}


def masked_env_text(row: Release) -> str:
    """As an .env file that can be edited and sent back: what still reads ••• stays what it is."""
    return dotenv.dump(masked_env(row))
