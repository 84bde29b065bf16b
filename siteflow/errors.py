"""One table from exceptions to what people and programs are told, for API and sockets alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from typing import Any, Final

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from provisioning.drivers.errors import DriverError
from sites.live import encode

log = logging.getLogger(__name__)

CODES: Final = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    422: "invalid",
    429: "throttled",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}
_WORDS: Final = {
    400: "The request cannot be understood.",
    401: "Log in first.",
    403: "This account may not do that.",
    404: "There is nothing at this address.",
    405: "This address does not know this method.",
    413: "The request is too large.",
    414: "The address is too long.",
    415: "Send JSON, with Content-Type: application/json.",
    429: "Too many requests; wait a moment.",
    431: "The request's headers are too large.",
    500: "SiteFlow itself failed; the log says why, under this request's id.",
    503: "SiteFlow cannot answer now; try again.",
}
# A host's trouble: 503 it cannot be reached now, 504 it was too slow, 409 its state forbids it,
# 404 it is no longer there; the rest, 502: the host answered, but not with what was needed.
_OF_DRIVERS: Final = {
    "unreachable": 503,
    "refused": 503,
    "name_unknown": 503,
    "link_lost": 503,
    "docker_down": 503,
    "busy": 503,
    "timeout": 504,
    "proxy_down": 503,
    "proxy_missing": 409,
    "proxy_changed": 409,
    "conflict": 409,
    "setup_pending": 409,
    "host_key_unknown": 409,
    "host_key_changed": 409,
    "not_found": 404,
}


@dataclass(frozen=True)
class Problem:
    status: int
    code: str
    message: str
    details: Any = dataclass_field(default_factory=dict)
    field: str = ""
    headers: Mapping[str, str] = dataclass_field(default_factory=dict)


def problem_of(error: BaseException) -> Problem:
    """What to say of an exception. One that nobody has foreseen becomes 500 without its words."""
    for kind, told in _TABLE:
        if isinstance(error, kind):
            return told(error)
    if hasattr(error, "code") and hasattr(error, "message"):
        return _own(error)
    return plain(500)


def plain(status: int, message: str = "") -> Problem:
    code = CODES.get(status) or ("bad_request" if status < 500 else "internal_error")
    return Problem(status, code, message or _WORDS.get(status, code.replace("_", " ").capitalize()))


def _own(error: Any) -> Problem:
    """Exceptions of our own carry all there is to say."""
    return Problem(
        getattr(error, "status", 400),
        error.code,
        error.message,
        getattr(error, "details", {}),
        getattr(error, "field", ""),
        getattr(error, "headers", {}),
    )


def _of_driver(error: DriverError) -> Problem:
    status = _OF_DRIVERS.get(error.code, 502)
    return Problem(status, error.code, error.message, {"advice": error.advice})


def _of_http(error: HttpError) -> Problem:
    cause = error.__cause__
    if hasattr(cause, "code") and hasattr(cause, "message"):
        return _own(cause)  # ninja wraps what the reader of the body says
    known = error.status_code in (401, 405)
    return plain(error.status_code, "" if known else error.message)


def _of_validation(error: ValidationError) -> Problem:
    """Which fields are wrong and why, never what was given: it may be a secret."""
    found = [
        {"loc": list(one["loc"]), "message": one["msg"], "type": one["type"]}
        for one in error.errors
    ]
    names = [str(part) for part in found[0]["loc"][1:]]
    name = ".".join(names[1:] if len(names) > 1 else names)
    message = f"{name}: {found[0]['message']}." if name else f"{found[0]['message']}."
    return Problem(422, "invalid", message, {"errors": found}, name)


_TABLE: Final[tuple[tuple[Any, Callable[[Any], Problem]], ...]] = (
    (DriverError, _of_driver),
    (ValidationError, _of_validation),
    (HttpError, _of_http),
    (Http404, lambda error: plain(404)),
    (PermissionDenied, lambda error: plain(403)),
    ((RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent), lambda error: plain(413)),
    (RawPostDataException, lambda error: plain(415)),
    (
        (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError),
        lambda error: plain(400),
    ),
    # A number or a moment beyond what a column or a calendar holds; only callers send such.
    ((OverflowError, DataError), lambda error: plain(422, "A value is out of range.")),
    (
        (OperationalError, InterfaceError),
        lambda error: Problem(503, "unavailable", "The database does not answer; try again."),
    ),
)


def body_of(problem: Problem, request_id: str) -> str:
    """The one shape of errors, as JSON."""
    return encode(
        {
            "error": {
                "code": problem.code,
                "message": problem.message,
                "details": problem.details,
                "field": problem.field or None,
            },
            "status": "error",
            "request_id": request_id,
            "timestamp": datetime.now(UTC),
        }
    )


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    return HttpResponse(
        body_of(problem, getattr(request, "request_id", "")),
        content_type="application/json",
        status=problem.status,
        headers=dict(problem.headers),
    )


def answer_to(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to any exception of an API view; what nobody foresaw goes into the log."""
    problem = problem_of(error)
    if problem.status == 500 or isinstance(error, OperationalError | InterfaceError):
        request_id = getattr(request, "request_id", "")
        log.error("%s %s failed, request %s", request.method, request.path, request_id,
                  exc_info=error)  # fmt: skip
    return answer(request, problem)
