"""What Docker tells of a container, fit for everybody who may see it: secrets out, size bounded.

Secrets stand in environments above all, so no value of one is told but of names that are known to
hold none. Everywhere else what looks like a secret is looked for, which finds most and not all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from audit.masking import MASK, cap_line, mask_text
from provisioning.drivers.hostile import storable

MAX_TEXT: Final = 4_000
MAX_ROWS: Final = 500  # of any list or object
MAX_CHARS: Final = 300_000
MAX_DEPTH: Final = 12
# Of the base images' and the system's own making, and worth knowing. What a program reads its own
# settings from is not among them, whatever it is called.
HARMLESS: Final = frozenset(
    {"HOME", "HOSTNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "PATH", "PWD", "SHELL", "TERM"}
    | {"TZ", "USER", "DEBIAN_FRONTEND", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    | {"NODE_ENV", "NODE_VERSION", "PYTHON_VERSION", "NGINX_VERSION", "PG_MAJOR", "PG_VERSION"}
    | {"PHP_VERSION", "GOLANG_VERSION", "JAVA_VERSION", "REDIS_VERSION", "MARIADB_VERSION"}
)
# How the host is laid out: for who may see the host.
OF_HOST: Final = frozenset(
    {"ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "GraphDriver", "SandboxKey"}
    | {"Binds", "ContainerIDFile", "CgroupParent", "AppArmorProfile", "MountLabel", "ProcessLabel"}
)
_ARGV: Final = frozenset({"Cmd", "Entrypoint", "Args", "Test", "OnBuild", "Shell"})
_SECRET_NAME: Final = re.compile(
    r"passw|passphrase|pwd|secret|token|private|api[_.-]?key|access[_.-]?key|auth|cookie|credential",
    re.IGNORECASE,
)
_FLAG: Final = re.compile(r"--?[\w.-]{1,100}")
_FLAG_VALUE: Final = re.compile(r"(--?[\w.-]{1,100}=).+", re.DOTALL)


def masked(answer: object, *, sees_host: bool) -> dict[str, Any]:
    """The answer of ``GET /containers/{id}/json``. What is too large is left out, and said so."""
    found = _value(answer, depth=0, sees_host=sees_host)
    members = found if isinstance(found, dict) else {}
    sizes = {name: len(json.dumps(value)) for name, value in members.items()}
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if sum(sizes.values()) <= MAX_CHARS:
            break
        members[name] = f"left out: {sizes[name]} characters"
        sizes[name] = 100
    return members


def masked_argv(words: Sequence[object]) -> list[str]:
    """A command's words; also the word after one like ``--password``."""
    found: list[str] = []
    follows = False
    for word in words[:MAX_ROWS]:
        text = storable(str(word), limit=MAX_TEXT)
        found.append(MASK if follows and not text.startswith("-") else _word(text))
        follows = bool(_FLAG.fullmatch(text) and _SECRET_NAME.search(text))
    return found


def masked_env(rows: Sequence[object]) -> list[str]:
    """``NAME=value`` without the value, but for names that are known to hold no secret."""
    found = []
    for row in rows[:MAX_ROWS]:
        name, equals, value = storable(str(row), limit=MAX_TEXT).partition("=")
        shown = mask_text(value) if name in HARMLESS else MASK
        found.append(f"{cap_line(name, 255)}{equals}{shown if value else ''}")
    return found


def _word(text: str) -> str:
    flag = _FLAG_VALUE.fullmatch(text)
    if flag and _SECRET_NAME.search(flag[1]):
        return flag[1] + MASK
    return mask_text(text)


def _value(value: object, *, depth: int, sees_host: bool) -> Any:
    if depth > MAX_DEPTH:
        return "nested too deeply"
    if isinstance(value, dict):
        return {
            storable(str(name), limit=255): _member(str(name), one, depth, sees_host)
            for name, one in list(value.items())[:MAX_ROWS]
            if sees_host or str(name) not in OF_HOST
        }
    if isinstance(value, list):
        return [_value(one, depth=depth + 1, sees_host=sees_host) for one in value[:MAX_ROWS]]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else "a number too large to show"
    return mask_text(storable(str(value), limit=MAX_TEXT))


def _member(name: str, value: object, depth: int, sees_host: bool) -> Any:
    if name == "Env" and isinstance(value, list):
        return masked_env(value)
    if name in _ARGV and isinstance(value, list):
        return masked_argv(value)
    if name == "Source" and not sees_host:
        return MASK  # where on the host a mount lies
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        return MASK
    return _value(value, depth=depth + 1, sees_host=sees_host)
