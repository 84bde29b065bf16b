"""What is refused or fails looks the same everywhere: JSON for programs, a page for people.

Views, middleware and Django itself end here, so no answer is empty and none is of another shape.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from siteflow.errors import Problem, answer, plain, problem_of

logger = logging.getLogger(__name__)

# status → the page's title and what to do; the rest is told in the words of `errors.py`
_PAGES: Final = {
    400: ("That request makes no sense", "The address or the form could not be understood."),
    403: (
        "You may not do that",
        "Your account lacks the permission for this. An administrator can give it to you.",
    ),
    404: (
        "There is nothing at this address",
        "It may have been removed, or it is not for your account to see.",
    ),
    405: ("This page is not used like that", "Go to the page and use its own buttons."),
    413: ("That is too large", "What was sent is larger than SiteFlow takes. Send less at once."),
    429: ("That was too much at once", "Wait a moment, then try again."),
    500: (
        "SiteFlow itself failed",
        "The log says why, under this request's id. Try again; if it happens again, tell your "
        "administrator the id.",
    ),
    503: ("SiteFlow cannot answer now", "Its database does not answer. Try again in a moment."),
}
_FOREIGN_FORM: Final = (
    "This form was not sent from here",
    "The page was open for too long, or cookies are off. Go back, reload the page and try again.",
)
CSRF_FAILED: Final = Problem(
    403, "csrf_failed", "Send the token of the csrftoken cookie in the header X-CSRFToken."
)


def wants_json(request: HttpRequest) -> bool:
    """Everything under /api/ is JSON; elsewhere, what the caller prefers."""
    if request.path.startswith("/api/"):
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def refusal(request: HttpRequest, problem: Problem) -> HttpResponse:
    return answer(request, problem) if wants_json(request) else page(request, problem)


def page(request: HttpRequest, problem: Problem, words: tuple[str, str] = ("", "")) -> HttpResponse:
    told = _PAGES.get(problem.status, (problem.message.rstrip("."), ""))
    title, advice = words if any(words) else told
    context = {
        "status": problem.status,
        "title": title,
        "advice": advice,
        "request_id": getattr(request, "request_id", ""),
    }
    # Without the request: what its context would bring may be what has just failed.
    response = render(None, "error.html", context, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def on_exception(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400, handler403 and handler404."""
    return refusal(request, problem_of(exception) if exception else plain(404))


def on_failure(request: HttpRequest) -> HttpResponse:
    """Django's handler500: what no view has caught. The database being away is a 503.

    Django itself logs it, and `logs.py` adds the request's id.
    """
    error = sys.exc_info()[1]
    return refusal(request, problem_of(error) if error else plain(500))


def on_foreign_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    if wants_json(request):
        return answer(request, CSRF_FAILED)
    return page(request, CSRF_FAILED, _FOREIGN_FORM)


def one_shape(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: gives what has no shape of its own one, and logs a stream that breaks."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if status := getattr(request, "scope", {}).get("siteflow.refused"):
            return refusal(request, plain(status))  # by `gate.py`, before the body was read
        response = get_response(request)
        if response.streaming:
            _watch(request, response)
        elif isinstance(response, HttpResponse) and response.status_code >= 400:
            _shape(request, response)
        return response

    return middleware


def _shape(request: HttpRequest, response: HttpResponse) -> None:
    is_json = response["Content-Type"].startswith("application/json")
    if is_json or (response.content and not wants_json(request)):
        return
    shaped = refusal(request, plain(response.status_code))
    response.content = shaped.content
    response["Content-Type"] = shaped["Content-Type"]
    response.headers.pop("Content-Length", None)


def _watch(request: HttpRequest, response: Any) -> None:
    if response.is_async:
        response.streaming_content = _watched(request, response.streaming_content)


async def _watched(request: HttpRequest, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The status is sent already, so the only honest end is to cut: `web.py` ends the connection.

    A client then sees an incomplete answer, never a short one that looks whole.
    """
    try:
        async for piece in content:
            yield piece
    except Exception:  # whatever it is, it goes into the log with its request, and on
        request_id = getattr(request, "request_id", "")
        logger.exception("%s was cut off, request %s", request.path, request_id)
        raise
