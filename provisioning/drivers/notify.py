"""Telling a service something: each message by a process of its own, ended at a deadline.

So nothing that a service answers, or does not, can hold up or hurt the process that asks, and
apprise with its many services is loaded by nobody else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

TIMEOUT_S: Final = 30.0
_PROGRAM: Final = Path(__file__).with_name("notify_program.py")
# Ways out of this network, and whom to trust on them; nothing of SiteFlow's own settings.
_PASSED_ON: Final = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")  # fmt: skip
_WORDS: Final = {
    "bad_address": "The address cannot be read: compare it with the form of its service.",
    "name_unknown": "The name of the service's host is not known.",
    "refused": "The connection was refused.",
    "unreachable": "The service cannot be reached.",
    "tls": "TLS failed: its certificate is not trusted, or it speaks none.",
    "timeout": "It did not answer in time.",
    "failed": "It could not be told; the service gave no reason.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text. ``type`` is how it looks where a service has colours."""

    title: str
    body: str
    type: Literal["failure", "warning", "info", "success"]


@dataclass(frozen=True, slots=True)
class Service:
    """An address with its secrets, its schema, and what may stand behind its question mark.

    Its text is never shown: not by ``repr``, not in an error.
    """

    url: str
    schema: str
    params: frozenset[str]
    free: str

    def __repr__(self) -> str:
        return "Service(…)"


def tell(service: Service, message: Message, *, timeout_s: float = TIMEOUT_S) -> str:
    """Nothing when the service has taken the message, else why not, without the address."""
    allowed = {"schema": service.schema, "params": sorted(service.params), "free": service.free}
    given = {**asdict(message), "url": service.url, **allowed}
    told = _answer(json.dumps(given).encode(), timeout_s)
    code = str(told.get("code"))
    if code == "sent":
        return ""
    return _WORDS.get(code) or _by_status(code, told.get("status"))


def _by_status(code: str, status: Any) -> str:
    number = status if isinstance(status, int) else None
    if code == "smtp":
        return f"The mail server refused it{f' with {number}' if number else ''}."
    if number is not None and 300 <= number < 400:
        return f"It answered {number}, a redirect, which is not followed: give the final address."
    if number is not None and number >= 300:
        return f"It answered {number}."
    return "It answered, but did not take the message."


def _answer(given: bytes, timeout_s: float) -> dict[str, Any]:
    """What the program says; whatever else becomes of it is a failure of its own kind."""
    process = subprocess.Popen(  # noqa: S603 - an argv of ours, never a shell; the secret is stdin
        (sys.executable, "-I", "-B", str(_PROGRAM)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(given, timeout_s)
        told = json.loads(said)
    except subprocess.TimeoutExpired:
        return {"code": "timeout"}
    except (ValueError, OSError):
        return {"code": "failed"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _close(process)
    return told if isinstance(told, dict) else {"code": "failed"}


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what it did not read is lost with it
                pipe.close()
