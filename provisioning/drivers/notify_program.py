"""Tells one service one message, in a process of its own: apprise and all it meets end with it.

Started by notify.py with `python -I`; reads JSON from stdin, says JSON on stdout. An answer is read
for 3 s and 64 KiB at most, a redirect is never followed, no file is ever written.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import smtplib
import socket
import ssl
import sys
import time
from typing import Any, Final

import requests
from apprise import Apprise, AppriseAsset
from apprise.plugins.base import NotifyBase

MAX_MEMORY_BYTES: Final = 1 << 30
MAX_CPU_S: Final = 20
CONNECT_S: Final = 10.0
READ_S: Final = 15.0
MAX_ANSWER_BYTES: Final = 64 * 1024
MAX_ANSWER_S: Final = 3.0
_plain_send: Final = requests.Session.send


class Seen(logging.Handler):
    """What happened on the way, from what was raised and answered; no text of the other side."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.error: BaseException | None = None
        self.status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """apprise says what went wrong where it caught it."""
        self.error = sys.exc_info()[1] or self.error

    def watch(self) -> None:
        self.error = None  # of reading the address, which went well

        def send(session: Any, request: Any, **given: Any) -> requests.Response:
            return self._send(session, request, **given)

        requests.Session.send = send  # type: ignore[assignment, method-assign]

    def _send(self, session: Any, request: Any, **given: Any) -> requests.Response:
        """Instead of requests' own: reads no more of an answer than is good for us."""
        given |= {"stream": True, "allow_redirects": False}
        response = _plain_send(session, request, **given)
        self.status = response.status_code
        _read_some(response)
        return response

    def outcome(self, sent: bool) -> dict[str, Any]:
        if sent:
            return {"code": "sent"}
        if self.error is not None and (self.status is None or self.status < 300):
            return _told_of(self.error)
        if self.status is not None:
            return {"code": "answered", "status": self.status}
        return {"code": "failed"}


def _read_some(response: requests.Response) -> None:
    ends_at = time.monotonic() + MAX_ANSWER_S
    parts: list[bytes] = []
    try:
        while sum(map(len, parts)) < MAX_ANSWER_BYTES and time.monotonic() < ends_at:
            part = response.raw.read1(4096, decode_content=True)
            if not part:
                break
            parts.append(part)
    except Exception as error:  # whatever an answer does to be unreadable: its status has come
        logging.getLogger("notify").debug("an answer broke off: %s", type(error).__name__)
    response._content = b"".join(parts)[:MAX_ANSWER_BYTES]
    response._content_consumed = True  # type: ignore[attr-defined]
    response.close()


def _told_of(error: BaseException) -> dict[str, Any]:
    for one in _causes(error):
        if isinstance(one, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in one.recipients.values()]
            return {"code": "smtp", "status": codes[0] if codes else None}
        if isinstance(one, smtplib.SMTPResponseException):
            return {"code": "smtp", "status": one.smtp_code}
        if isinstance(one, smtplib.SMTPNotSupportedError):
            return {"code": "smtp", "status": None}
        if isinstance(one, ssl.SSLError):
            return {"code": "tls"}
        if isinstance(one, socket.gaierror):
            return {"code": "name_unknown"}
        if isinstance(one, TimeoutError | requests.Timeout):
            return {"code": "timeout"}
        if isinstance(one, ConnectionRefusedError):
            return {"code": "refused"}
    if isinstance(error, OSError | requests.RequestException | smtplib.SMTPException):
        return {"code": "unreachable"}
    return {"code": "failed"}


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it wraps: urllib3 and requests keep the cause in ``reason`` or args."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 20:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return found


def service_of(url: str, *, schema: str, params: list[str], free: str) -> NotifyBase | None:
    """The service; None for an address apprise cannot read, or reads something else into."""
    if url.partition("://")[0].lower() != schema:
        return None
    found = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if not isinstance(found, NotifyBase) or schema not in _schemas(type(found)):
        return None
    read: dict[str, Any] = type(found).parse_url(url) or {}
    named = {name for name in read.get("qsd", {}) if not (name and name[0] in free)}
    beyond = [sign for sign in "+-:" if read.get(f"qsd{sign}") and sign not in free]
    return None if named - {*params} or beyond else found


def _schemas(kind: type[NotifyBase]) -> set[str]:
    found: set[str] = set()
    for names in (kind.protocol, kind.secure_protocol):
        found |= {names} if isinstance(names, str) else set(names or ())
    return found


def _asset() -> AppriseAsset:
    """Nothing kept, nothing loaded, nothing made of the text."""
    return AppriseAsset(
        app_id="SiteFlow", app_desc="SiteFlow", app_url="", plugin_paths=[],
        storage_mode="memory", allow_templates=False, secure_logging=True, async_mode=False,
        http_redirects=False, interpret_escapes=False, interpret_emojis=False,
        pgp_autogen=False, pem_autogen=False,
    )  # fmt: skip


def tell(wanted: dict[str, Any]) -> dict[str, Any]:
    seen = Seen()
    for logger in (logging.getLogger("apprise"), logging.getLogger("notify")):
        logger.handlers, logger.propagate = [seen], False
        logger.setLevel(logging.DEBUG)
    service = service_of(
        wanted["url"], schema=wanted["schema"], params=wanted["params"], free=wanted["free"]
    )
    if service is None:
        return {"code": "bad_address"}
    # Who is slow may have heard it all the same: asking again would tell it twice.
    service.socket_connect_timeout, service.socket_read_timeout = CONNECT_S, READ_S
    seen.watch()
    sent = service.notify(
        body=wanted["body"],
        title=wanted["title"],
        notify_type=wanted["type"],
        body_format="text",
        overflow="truncate",
    )
    return seen.outcome(bool(sent))


def _confine() -> None:
    """No file can be written, and neither memory nor time runs away."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for what, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_S),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    _confine()
    wanted = json.load(sys.stdin)
    try:
        told = tell(wanted)
    except Exception as error:  # a service's own mistake: the message was not taken
        told = _told_of(error)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
